"""Makes tables of claims from exported spans and periods: official codes and slips of them, by a seed.

Rows are `claim_id,code,service_date`. Most codes are billable on their day; the rest is what goes wrong in claims:
headers, codes that are no longer or not yet valid, typing errors, days that nothing covers. Of each kind some codes
are far more frequent than others, as in real claims, right ones and wrong ones. The same seed and the same exports
give the same bytes.
"""

import csv
import datetime
from pathlib import Path

import numpy as np

HEADER = b"claim_id,code,service_date\n"
ROWS_AT_ONCE = 500_000
# One code in ten comes without its dot, as some systems write it.
WITHOUT_DOT = 0.1
# Days before the code set was in force and after the last release, at most this many.
MARGIN = 120
# What rows are, and how many of a thousand.
KINDS = {"billable": 950, "header": 20, "deleted": 12, "not yet": 5, "typing error": 8, "day outside": 5}
# A poor file: of each wrong kind five times as many.
POOR_KINDS = {kind: count * 5 for kind, count in KINDS.items() if kind != "billable"}
POOR_KINDS = {"billable": 1000 - sum(POOR_KINDS.values())} | POOR_KINDS
PLACES = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)


def day_number(text: str) -> int:
    return datetime.date.fromisoformat(text).toordinal()


class Claims:
    """What claims are drawn from."""

    def __init__(self, spans: Path, periods: Path, code_set: str = "icd10cm", is_poor: bool = False):
        self.kinds = POOR_KINDS if is_poor else KINDS
        with periods.open(newline="", encoding="utf-8") as lines:
            days = [row for row in csv.DictReader(lines) if row["code_set"] == code_set]
        with spans.open(newline="", encoding="utf-8") as lines:
            rows = [row for row in csv.DictReader(lines) if row["code_set"] == code_set]
        self.in_force = day_number(days[0]["in_force_from"])
        self.covered_to = max(day_number(row["governs_to"]) for row in days)
        self.first_day = self.in_force - MARGIN
        texts = [datetime.date.fromordinal(day).isoformat() for day in range(self.first_day, self.covered_to + MARGIN)]
        self.days = np.array(texts, dtype="S10").view(np.uint8).reshape(len(texts), 10)
        self.dotted = self._texts([row["code"] for row in rows])
        self.plain = self._texts([row["code_plain"] for row in rows])
        self.lengths = np.array([len(row["code_plain"]) for row in rows])
        self.starts = np.array([max(day_number(row["valid_from"]), self.in_force) for row in rows])
        self.ends = np.array([day_number(row["valid_to"]) for row in rows])
        billable = np.array([row["billable"] in ("1", "true") for row in rows])
        in_force = self.ends > self.in_force
        self.billable = np.flatnonzero(billable & in_force)
        self.headers = np.flatnonzero(~billable & in_force)
        self.ended = np.flatnonzero(billable & in_force & (self.ends < self.covered_to))
        self.begun = np.flatnonzero(billable & (self.starts > self.in_force))
        # Which codes are frequent is a matter of the seed; that few are is not.
        shuffled = np.random.default_rng(len(rows)).permutation
        self.billable, self.headers = shuffled(self.billable), shuffled(self.headers)
        self.ended, self.begun = shuffled(self.ended), shuffled(self.begun)

    @staticmethod
    def _texts(texts: list[str]) -> np.ndarray:
        return np.array(texts, dtype="S8").view(np.uint8).reshape(len(texts), 8)

    @staticmethod
    def pick(among: np.ndarray, random: np.random.Generator, count: int) -> np.ndarray:
        """Picks spans, the first ones most often: the share of each falls with its place."""
        shares = np.cumsum(1.0 / (np.arange(len(among)) + 20.0))
        return among[np.minimum(np.searchsorted(shares, random.random(count) * shares[-1]), len(among) - 1)]

    def draw(self, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws codes and days, as bytes in a row each; a code that is shorter is filled with NUL."""
        shares = np.cumsum(list(self.kinds.values())) / sum(self.kinds.values())
        kinds = np.searchsorted(shares, random.random(count), side="right")
        spans = self.pick(self.billable, random, count)
        place = random.random(count)
        start, end = self.starts[spans], self.ends[spans]
        for kind, among in ((1, self.headers), (2, self.ended), (3, self.begun)):
            rows = np.flatnonzero(kinds == kind)
            # A few releases may have none of a kind: then its rows are billable.
            if not len(among):
                continue
            spans[rows] = self.pick(among, random, len(rows))
            start[rows], end[rows] = self.starts[spans[rows]], self.ends[spans[rows]]
            if kind == 2:
                start[rows], end[rows] = end[rows], self.covered_to
            elif kind == 3:
                start[rows], end[rows] = self.in_force, start[rows]
        outside = np.flatnonzero(kinds == 5)
        late = random.random(len(outside)) < 0.5
        start[outside] = np.where(late, self.covered_to, self.first_day)
        end[outside] = np.where(late, self.covered_to + MARGIN, self.in_force)
        days = self.days[(start + place * (end - start)).astype(np.int64) - self.first_day]
        without_dot = random.random(count) < WITHOUT_DOT
        codes = np.where(without_dot[:, None], self.plain[spans], self.dotted[spans])
        slips = np.flatnonzero(kinds == 4)
        at = random.integers(0, self.lengths[spans[slips]])
        at += (at >= 3) & ~without_dot[slips]
        codes[slips, at] = PLACES[random.integers(0, len(PLACES), len(slips))]
        return codes, days

    def lines(self, first: int, codes: np.ndarray, days: np.ndarray) -> bytes:
        """Writes rows as lines; the first has this number."""
        count = len(codes)
        table = np.zeros((count, 31), dtype=np.uint8)
        table[:, 0] = ord("C")
        number = np.arange(first, first + count)
        for place in range(9, 0, -1):
            number, digit = np.divmod(number, 10)
            table[:, place] = digit + ord("0")
        table[:, 10] = table[:, 19] = ord(",")
        table[:, 11:19] = codes
        table[:, 20:30] = days
        table[:, 30] = ord("\n")
        return table[table != 0].tobytes()

    def write(self, path: Path, rows: int, seed: int) -> None:
        with path.open("wb") as out:
            out.write(HEADER)
            for number, first in enumerate(range(0, rows, ROWS_AT_ONCE)):
                # Each part has its own numbers, so that a longer file begins as a shorter one.
                random = np.random.default_rng([seed, number])
                codes, days = self.draw(random, ROWS_AT_ONCE)
                left = min(ROWS_AT_ONCE, rows - first)
                out.write(self.lines(first + 1, codes[:left], days[:left]))
