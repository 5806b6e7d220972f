"""Releases of ICD-10-CM that do not exist yet, made from the newest one by a rule: what a long history costs.

Each year 35 codes of seven characters are added in their places, 35 dropped, and the titles of all codes below 50
stems changed, spread over the book by arithmetic alone: the same newest release gives the same bytes each time.
Official years add some 190 places at which a release leaves the sequence of the one before it (on average, from
FY2018 to FY2027); these add about as many.
"""

import zipfile
from pathlib import Path

CHANGES, RETITLED_STEMS = 35, 50
# The columns of an order file: the code, the flag, the long title.
CODE, FLAG, LONG_TITLE = slice(6, 13), 14, 77
NEW_CHARACTERS = "ZYXWVUT9876543210"


def rows_of(path: Path, order_file: str) -> list[str]:
    with zipfile.ZipFile(path) as zipped:
        return zipped.read(order_file).decode("utf-8").split("\r\n")[:-1]


def stem(row: str) -> str:
    """The code without its seventh character."""
    return row[6:12]


def title(row: str) -> str:
    """The long title as it was before the first invented year."""
    return row[LONG_TITLE:].split(" [", 1)[0].split(", as of 2", 1)[0]


def next_year(rows: list[str], year: int) -> list[str]:
    """The rows of the year after."""
    inner = [
        place
        for place in range(1, len(rows) - 1)
        if rows[place][FLAG] == "1"
        and " " not in rows[place][CODE]
        and stem(rows[place - 1]) == stem(rows[place]) == stem(rows[place + 1])
    ]
    step = len(inner) // CHANGES
    dropped = {inner[(at * step + year * 7) % len(inner)] for at in range(CHANGES)}
    beside = {inner[(at * step + step // 2 + year * 7) % len(inner)] for at in range(CHANGES)} - dropped
    leap = len(inner) // RETITLED_STEMS
    stems = {stem(rows[inner[(at * leap + leap // 3 + year * 13) % len(inner)]]) for at in range(RETITLED_STEMS)}
    retitled = {place for place in inner if stem(rows[place]) in stems} - dropped
    there = {row[CODE] for row in rows}
    added: dict[int, list[str]] = {}
    for place in sorted(beside):
        code = stem(rows[place])
        new = next((character for character in NEW_CHARACTERS if code + character not in there), None)
        if new is None:
            continue
        there.add(code + new)
        # In the order of the characters, as the publishers do it.
        row = rows[place]
        while stem(rows[place - 1]) == code:
            place -= 1
        while stem(rows[place]) == code and rows[place][12] < new:
            place += 1
        text = f"{row[:6]}{code}{new}{row[13:LONG_TITLE]}{title(row)}, as of {year}"
        added.setdefault(place, []).append(text)
    changed = []
    for place, row in enumerate(rows):
        changed += added.get(place, [])
        if place in retitled:
            row = f"{row[:LONG_TITLE]}{title(row)} [{year}]"
        if place not in dropped:
            changed.append(row)
    return [f"{number:05}{row[5:]}" for number, row in enumerate(changed, 1)]


def write(newest: Path, order_file: str, year: int, count: int, folder: Path) -> list[tuple[int, Path, str, int]]:
    """Writes the releases of as many years after one: each its year, its zip, its order file and the size of that."""
    folder.mkdir(parents=True)
    rows = rows_of(newest, order_file)
    written = []
    for later in range(year + 1, year + count + 1):
        rows = next_year(rows, later)
        text = "".join(f"{row}\r\n" for row in rows).encode()
        path, name = folder / f"icd10cm-FY{later}.zip", f"icd10cm_order_{later}.txt"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            zipped.writestr(name, text)
        written.append((later, path, name, len(text)))
    return written
