#!/usr/bin/env python3
"""Measures codeyear and its peers as whole processes, on the official releases.

Builds the release binary, imports the releases, asks the questions, and compares `codeyear diff` with
the `csv-diff` command and with `git diff --no-index`; measures the parsers of official XML, and the import and
a page of one tabular list against the Python package `simple-icd-10-cm`. Prints Markdown, writes results.json with every
single run, and with --update-figures replaces the block between the two bench marks of docs/figures.md.

Exit codes: 0 every target is met, 1 one is missed (stderr says which), 2 it could not be measured.
"""

import argparse
import csv
import datetime
import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import invented
from measure import (
    MB, ROOT, CannotMeasure, Case, Runner, Target, build, duration, exit_code, finish, install, load, machine,
    note_load, official_releases, pin, quantity, figures_parts, remove_database, say, tool,
)  # fmt: skip

CSV_DIFF = "1.2"
SIMPLE_ICD = "1.5.0"
# The release whose tabular list that version of simple-icd-10-cm bundles; its bytes are compared.
SIMPLE_ICD_RELEASE = "FY2026-04"
FEWEST_RUNS = 10
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

MOST_IMPORT_SECONDS = 4.0
MOST_MEMORY = 150 * MB
MOST_DATABASE = 60 * MB
MOST_DIFF_SECONDS = 0.060
MOST_CHECK_SECONDS = 0.010
MOST_SEARCH_SECONDS = 0.010
MOST_SHOW_SECONDS = 0.010
LEAST_TABULAR_MB_PER_SECOND = 150.0
LEAST_CSV_DIFF_RATIO = 10.0
LEAST_GIT_DIFF_RATIO = 2.0
MOST_FIRST_ANSWER_SECONDS = 4.0
MOST_FIRST_ANSWER_MEMORY = 300 * MB
# A longer history may not make an import dearer. A twentieth is what two equal imports differ by here.
MOST_NINETEENTH_TO_SECOND = 1.05
# The newest official release, and one of as many that are invented after it.
LONG_HISTORY = 60
MOST_SIXTIETH_TO_TWENTIETH = 1.2


# What is told apart in the store: the words, the kinds of document, the table of their items, those of its details.
DOCUMENT_TABLES = [
    ("tabular lists", ["tabular"], "tabular_node",
     ["tabular_note", "seventh_character", "visual_impairment", "block_reference"]),
    ("indexes, tables of drugs and neoplasms",
     ["index", "external_cause_index", "drug_table", "neoplasm_table"], "index_term",
     ["index_reference", "index_heading"]),
    ("conversion tables", ["conversion_table"], "conversion_row", ["conversion_part"]),
    ("POA-exempt lists", ["poa_exempt_list"], "poa_exempt", []),
    ("ICD-10-PCS tables", ["pcs_tables"], "pcs_row", ["pcs_value"]),
    ("ICD-10-PCS definitions", ["pcs_definitions"], "pcs_definition", ["pcs_definition_text"]),
    ("ICD-10-PCS indexes", ["pcs_index"], "pcs_index_term", ["pcs_index_reference"]),
]  # fmt: skip


def database_bytes(path: Path) -> int:
    files = (Path(f"{path}{end}") for end in ("", "-wal", "-shm", "-journal"))
    return sum(file.stat().st_size for file in files if file.exists())


# What is measured: the binary, the peers, the releases.


@dataclass
class Archive:
    """A release as posted: a zip with an order file in it."""

    path: Path
    release: str
    effective_from: datetime.date
    order_file: str
    order_bytes: int


def archives(folder: Path) -> list[Archive]:
    """The releases of a folder in order of date, a correction after what it corrects."""
    found = []
    for path in sorted(folder.glob("*.zip")):
        name = re.search(r"FY(\d{4})(?:-(\d\d))?(-errata)?$", path.stem)
        if not name:
            raise CannotMeasure(f"{path.name}: expected a name that ends in a release, as in FY2025-04.zip")
        year, month = int(name[1]), name[2]
        day = datetime.date(year, int(month), 1) if month else datetime.date(year - 1, 10, 1)
        with zipfile.ZipFile(path) as archive:
            orders = [
                member
                for member in archive.infolist()
                if re.search(r"order[^/]*\.txt$", member.filename, re.IGNORECASE)
                and "addenda" not in member.filename.lower()
            ]
        if len(orders) != 1:
            raise CannotMeasure(f"{path.name}: expected one order file, found {len(orders)}")
        found.append(Archive(path, name[0], day, orders[0].filename, orders[0].file_size))
    if not found:
        raise CannotMeasure(f"no zip in {folder}: name the folder with the official releases with --releases")
    return sorted(found, key=lambda archive: (archive.effective_from, archive.path.stem))


def is_of_order(member: str) -> bool:
    """Tells an order file or order addenda from what is published around it."""
    name = member.rsplit("/", 1)[-1].lower()
    return name.endswith(".txt") and "order" in name and "codes" not in name


def only_order_files(folder: Path, target: Path) -> Path:
    """Writes the zips of a folder anew, under their names, with order files and order addenda only."""
    target.mkdir(parents=True)
    for path in sorted(folder.glob("*.zip")):
        with (
            zipfile.ZipFile(path) as whole,
            zipfile.ZipFile(target / path.name, "w", zipfile.ZIP_DEFLATED) as cut,
        ):
            for member in whole.infolist():
                if is_of_order(member.filename):
                    cut.writestr(member.filename, whole.read(member), zipfile.ZIP_DEFLATED)
    return target


def newest(found: list[Archive], pattern: str) -> tuple[str, zipfile.Path] | None:
    """The newest file of a name among the releases, with its release."""
    for archive in reversed(found):
        zipped = zipfile.ZipFile(archive.path)
        for member in zipped.namelist():
            if re.fullmatch(pattern, member.rsplit("/", 1)[-1], re.IGNORECASE):
                return archive.release, zipfile.Path(zipped, member)
    return None


def unpack(archive: Archive, folder: Path) -> dict[str, Path]:
    """Writes the order file as posted, without its order numbers, and as CSV, a line at a time."""
    paths = {end: folder / f"{archive.release}{end}" for end in (".txt", "-unnumbered.txt", ".csv")}
    with (
        zipfile.ZipFile(archive.path) as zipped,
        zipped.open(archive.order_file) as lines,
        paths[".txt"].open("wb") as whole,
        paths["-unnumbered.txt"].open("wb") as unnumbered,
        paths[".csv"].open("w", encoding="utf-8", newline="") as table,
    ):
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["code", "billable", "short", "long"])
        for line in lines:
            whole.write(line)
            unnumbered.write(line[6:])
            row = line.decode("cp1252").rstrip("\r\n")
            writer.writerow([row[6:13].strip(), row[14], row[16:76].strip(), row[77:].strip()])
    return paths


def some_codes(table: Path, count: int) -> list[str]:
    """Codes and headers, evenly spaced over a release."""
    with table.open(encoding="utf-8", newline="") as lines:
        codes = [row["code"] for row in csv.DictReader(lines)]
    return [codes[index * len(codes) // count] for index in range(count)]


# Figures.


class Bench:
    """The figures, in the order in which they are shown."""

    def __init__(self, runner: Runner, binary: Path, work: Path, releases: Path, runs: int, heavy_runs: int):
        self.runner, self.binary, self.work = runner, str(binary), work
        self.releases = releases
        self.runs, self.heavy_runs = runs, heavy_runs
        self.folders = {name: releases / name for name in ("icd10cm", "icd10pcs")}
        self.cut_folders = {
            name: only_order_files(folder, work / "cut" / name) for name, folder in self.folders.items()
        }
        # The targets of an import were set for order files and addenda: those are imported one by one.
        self.archives = {name: archives(folder) for name, folder in self.cut_folders.items()}
        self.whole_archives = {name: archives(folder) for name, folder in self.folders.items()}
        self.groups: list[tuple[str, list[Case]]] = []
        self.targets: list[Target] = []
        self.figures: list[tuple[str, str]] = []
        self.sequence: list[dict] = []

    def codeyear(self, name: str, database: Path, *arguments: str, **others) -> Case:
        return Case(name, [self.binary, "--db", str(database), *arguments], **others)

    def below(self, what: str, measured: float, limit: float, unit: str) -> None:
        shown, shown_limit = (f"{quantity(value, unit)}" for value in (measured, limit))
        self.targets.append(Target(what, measured, limit, False, shown, f"< {shown_limit}"))

    def ratio(self, what: str, peer: Case, ours: Case, limit: float | None) -> None:
        """The middle one of the ratios of the rounds: both sides of each had the same minute."""
        rounds = [theirs / our for theirs, our in zip(peer.walls(), ours.walls(), strict=True)]
        shown = f"{median(rounds):.1f} (CPU time: {peer.cpu() / ours.cpu():.1f})"
        if limit is None:
            self.figures.append((what, shown))
        else:
            self.targets.append(Target(what, median(rounds), limit, True, shown, f">= {limit:.0f}"))

    def floor(self) -> None:
        """What is measured of a program that needs next to nothing: less than that cannot be seen."""
        case = Case("true", [tool("true")])
        self.runner.measure([case], FEWEST_RUNS, 1)
        self.memory_floor = case.memory()

    def imports(self) -> None:
        counts = {name: len(found) for name, found in self.archives.items()}
        self.both_sets = self.work / "both.db"
        cut_cm, cut_pcs = (str(folder) for folder in self.cut_folders.values())
        cm, pcs = (str(folder) for folder in self.folders.values())
        of_cm, of_both = f"{counts['icd10cm']} ICD-10-CM releases", f"both code sets, {sum(counts.values())} releases"

        def importing(name: str, database: Path, *folders: str) -> Case:
            return self.codeyear(f"import: {name}", database, "import", *folders, restored=database)

        cut_one = importing(f"{of_cm}, order files and addenda only", self.work / "cut-icd10cm.db", cut_cm)
        cut_both = importing(f"{of_both}, order files and addenda only", self.work / "cut-both.db", cut_cm, cut_pcs)
        one = importing(f"{of_cm} with all their files", self.work / "icd10cm.db", cm)
        both = importing(f"{of_both} with all their files", self.both_sets, cm, pcs)
        self.runner.measure([cut_one, cut_both, one, both], self.heavy_runs, 1)
        again = self.codeyear("import: all the same bytes again", self.both_sets, "import", cm, pcs)
        self.runner.measure([again], self.heavy_runs, 0)
        self.groups.append(("import", [cut_one, cut_both, one, both, again]))
        self.with_documents = [one, both, again]
        self.below(cut_one.name, cut_one.wall(), MOST_IMPORT_SECONDS, "s")
        for what, case in (("ICD-10-CM", cut_one), ("both code sets", cut_both)):
            self.below(f"database of {what}, order files and addenda only", database_bytes(case.restored),
                       MOST_DATABASE, "MB")  # fmt: skip
        for what, case in (("ICD-10-CM", one), ("both code sets", both)):
            self.figures.append((f"database of {what} with all their files",
                                 quantity(database_bytes(case.restored), "MB")))  # fmt: skip
        self.figures.append((f"{one.name}", quantity(one.wall(), "s")))
        everything = self.work / "everything.db"
        # Some files there are of kinds that no import takes.
        whole = importing("the whole folder of official files", everything, str(self.releases))
        whole.exits = (0, 1)
        self.runner.measure([whole], self.heavy_runs, 1)
        self.groups.append(("import of the whole folder", [whole]))
        self.with_documents.append(whole)
        self.below(whole.name, whole.wall(), MOST_IMPORT_SECONDS, "s")
        self.below(f"{whole.name}: peak memory", whole.memory(), MOST_MEMORY, "MB")

    def first_answer(self) -> None:
        """The first question on a machine that holds nothing but the program and a pack."""
        pack = self.work / "codeyear.pack"
        say("codeyear pack of all official files")
        packing = [self.binary, "pack", "-o", str(pack), "--from", str(self.releases)]
        self.runner.output(packing, exits=(0, 1))
        size = pack.stat().st_size
        home = self.work / "empty-home"
        question = ["check", "C7B", "--on", "2026-11-28"]
        case = Case("first answer from a pack on an empty machine: check C7B",
                    [self.binary, "--pack", str(pack), *question], exits=(1,), home=home)  # fmt: skip
        self.runner.measure([case], self.heavy_runs, 1)
        self.groups.append(("first answer", [case]))
        self.with_documents.append(case)
        self.below(case.name, case.wall(), MOST_FIRST_ANSWER_SECONDS, "s")
        self.below(f"{case.name}: peak memory", case.memory(), MOST_FIRST_ANSWER_MEMORY, "MB")
        self.figures.append(("pack of all official files", quantity(size, "MB")))

    def one_by_one(self) -> None:
        """Imports each release by a command of its own, in order of date; then the second and the last again."""
        database = self.work / "sequence.db"
        # The target was set for these: the 2nd and the 19th both have the bytes of the release before.
        found = self.archives["icd10cm"][:19]
        if len(found) < 3:
            raise CannotMeasure("a sequence needs three releases of ICD-10-CM or more")

        def importing(archive: Archive, name: str) -> Case:
            return self.codeyear(name, database, "import", str(archive.path))

        cases = [importing(archive, f"import: {archive.release} by itself") for archive in found]
        cases[0].restored = database
        self.runner.measure(cases, self.heavy_runs, 1)
        for archive, case in zip(found, cases, strict=True):
            size = archive.order_bytes / MB
            self.sequence.append(
                {"release": archive.release, "order_file_mb": size, "wall_ms": case.wall() * 1000,
                 "wall_ms_per_mb": case.wall() * 1000 / size, "cpu_ms": case.cpu() * 1000,
                 "runs": [asdict(sample) for sample in case.samples]}
            )  # fmt: skip
        second = importing(found[1], f"import: {found[1].release} by itself, the 2nd of its sequence")
        last = importing(found[-1], f"import: {found[-1].release} by itself, the {len(found)}th")
        remove_database(database)
        for place, archive in enumerate(found[:-1]):
            if place == 1:
                second.before = self.work / "before-second.db"
                shutil.copyfile(database, second.before)
            self.runner.run(importing(archive, f"import: {archive.release}"))
        last.before = self.work / "before-last.db"
        shutil.copyfile(database, last.before)
        second.restored = last.restored = database
        self.runner.measure([second, last], max(self.runs // 2, FEWEST_RUNS), 1)
        self.groups.append(("import one by one", [second, last]))
        self.sequence_memory = max(cases, key=Case.memory)
        walls = [late / early for late, early in zip(last.walls(), second.walls(), strict=True)]
        sizes = found[1].order_bytes / MB, found[-1].order_bytes / MB
        growth = sizes[1] / sizes[0]
        shown = (
            f"{median(walls) / growth:.2f} per MB of order file ({second.wall() * 1000 / sizes[0]:.1f} ms/MB, then "
            f"{last.wall() * 1000 / sizes[1]:.1f}); {median(walls):.2f} in all "
            f"(CPU time: {last.cpu() / second.cpu():.2f}), the file being {growth:.2f} times as large"
        )
        limit = MOST_NINETEENTH_TO_SECOND
        self.targets.append(
            Target(f"import of the {len(found)}th release to that of the 2nd", median(walls) / growth, limit,
                   False, shown, f"< {limit} per MB")  # fmt: skip
        )

    def long_history(self) -> None:
        """The newest official release, and the 60th with invented ones after it: imports of their own, and questions."""
        found = self.archives["icd10cm"]
        newest = found[-1]
        year = int(newest.release[2:6])
        later = invented.write(newest.path, newest.order_file, year, LONG_HISTORY - len(found), self.work / "invented")
        paths = [archive.path for archive in found] + [path for _, path, _, _ in later]
        last_year = later[-1][0]
        # On that day all of them have been published.
        day = ["--today", f"{last_year}-01-01"]
        database = self.work / "long.db"

        def importing(place: int) -> Case:
            name = f"import: the {place}th of {LONG_HISTORY} ICD-10-CM releases by itself"
            return self.codeyear(name, database, *day, "import", str(paths[place - 1]))

        remove_database(database)
        early, late = importing(len(found)), importing(LONG_HISTORY)
        kept = {len(found): early, LONG_HISTORY: late}
        for place in range(1, LONG_HISTORY + 1):
            if place in kept:
                kept[place].before = self.work / f"before-{place}.db"
                shutil.copyfile(database, kept[place].before)
            self.runner.run(importing(place))
            if place == len(found):
                shutil.copyfile(database, self.work / "short-history.db")
        shutil.copyfile(database, self.work / "long-history.db")
        early.restored = late.restored = database
        self.runner.measure([early, late], max(self.runs // 2, FEWEST_RUNS), 1)
        self.groups.append(("a long history", [early, late]))
        self.growth_below(f"import of the {LONG_HISTORY}th release to that of the {len(found)}th", early, late)
        questions = {
            "check C7B": (["check", "C7B", "--on", "2026-03-01"], (1,)),
            "history M54.5": (["history", "M54.5"], (0,)),
            "search low back pain": (["search", "low", "back", "pain", "--on", "2026-05-01"], (0,)),
            "diff FY2025 FY2026": (["diff", "FY2025", "FY2026"], (0,)),
        }
        for what, (question, exits) in questions.items():
            short, long = (
                self.codeyear(f"{what}, of {count} releases", self.work / name, *question, exits=exits)
                for name, count in (("short-history.db", len(found)), ("long-history.db", LONG_HISTORY))
            )
            self.runner.measure([short, long], max(self.runs // 2, FEWEST_RUNS), 1)
            self.groups.append(("a long history", [short, long]))
            self.growth_below(f"{what} of {LONG_HISTORY} releases to that of {len(found)}", short, long)

    def growth_below(self, what: str, early: Case, late: Case) -> None:
        """What a longer history costs: the middle one of the ratios of the rounds."""
        rounds = median(after / before for before, after in zip(early.walls(), late.walls(), strict=True))
        shown = (
            f"{rounds:.2f} ({duration(early.wall())}, then {duration(late.wall())}; "
            f"CPU time: {late.cpu() / early.cpu():.2f})"
        )
        limit = MOST_SIXTIETH_TO_TWENTIETH
        self.targets.append(Target(what, rounds, limit, False, shown, f"< {limit}"))

    def diffs(self, csv_diff: Path) -> None:
        by_release = {archive.release: archive for archive in self.archives["icd10cm"]}
        try:
            old, new = (unpack(by_release[release], self.work) for release in ("FY2025", "FY2026"))
        except KeyError as error:
            raise CannotMeasure(f"{error} is not among the releases") from error
        diff = ["diff", "FY2025", "FY2026", "--format"]
        git = [tool("git"), "diff", "--no-index"]
        text = self.codeyear("diff FY2025 FY2026, text", self.both_sets, *diff, "text")
        as_csv = self.codeyear("diff FY2025 FY2026, CSV", self.both_sets, *diff, "csv")
        html = self.codeyear("diff FY2025 FY2026, HTML to a file", self.both_sets, *diff, "html",
                             "-o", str(self.work / "report.html"))  # fmt: skip
        table = Case("csv-diff on both order files as CSV",
                     [str(csv_diff), str(old[".csv"]), str(new[".csv"]), "--key=code"], peer=True)  # fmt: skip
        lines = Case("git diff on both order files",
                     [*git, str(old[".txt"]), str(new[".txt"])], exits=(1,), peer=True)  # fmt: skip
        unnumbered = Case("git diff on both without order numbers",
                          [*git, str(old["-unnumbered.txt"]), str(new["-unnumbered.txt"])],
                          exits=(1,), peer=True)  # fmt: skip
        self.same_changes(text, table)
        cases = [text, as_csv, html, table, lines, unnumbered]
        self.runner.measure(cases, max(self.runs // 2, FEWEST_RUNS), 1)
        self.groups.append(("diff", cases))
        for case in (text, as_csv, html):
            self.below(case.name, case.wall(), MOST_DIFF_SECONDS, "ms")
        self.ratio("csv-diff to diff as text, wall", table, text, LEAST_CSV_DIFF_RATIO)
        self.ratio("git diff to diff as text, wall", lines, text, LEAST_GIT_DIFF_RATIO)
        self.ratio("git diff without order numbers to diff as text, wall", unnumbered, text, None)

    def same_changes(self, ours: Case, theirs: Case) -> None:
        """Compares what the two tell, so that a race is run over the same distance."""
        rows = csv.DictReader(self.runner.output([*ours.argv[:-1], "csv"]).splitlines())
        our_kinds = [row["kind"] for row in rows]
        told = json.loads(self.runner.output([*theirs.argv, "--json"]))
        counts = {name: len(told[name]) for name in ("added", "removed", "changed")}
        others = sum(kind not in ("new", "deleted") for kind in our_kinds)
        expected = {"added": our_kinds.count("new"), "removed": our_kinds.count("deleted"), "changed": others}
        if counts != expected:
            raise CannotMeasure(f"csv-diff tells {counts}, codeyear {expected}: they did not do the same work")
        self.figures.append(
            ("changes found by codeyear and by csv-diff alike",
             ", ".join(f"{count} {name}" for name, count in counts.items()))  # fmt: skip
        )

    def questions(self) -> None:
        codes = self.work / "codes.txt"
        picked = []
        for name, found in self.archives.items():
            latest = next((archive for archive in found if archive.release == "FY2025"), None)
            if latest is None:
                raise CannotMeasure(f"{name}: FY2025 is not among the releases")
            folder = self.work / name
            folder.mkdir()
            picked += some_codes(unpack(latest, folder)[".csv"], 500)
        codes.write_text("".join(f"{code}\n" for code in picked))
        database, verified = self.both_sets, self.work / "verified.db"
        shutil.copyfile(database, verified)
        one = self.codeyear("check of one code", database, "check", "C7B", "--on", "2026-03-01", exits=(1,))
        many = self.codeyear("check of 1000 codes of both sets from stdin", database,
                             "check", "-", "--on", "2025-03-01", stdin=str(codes), exits=(0, 1))  # fmt: skip
        history = self.codeyear("history M54.5", database, "history", "M54.5")
        listing = self.codeyear("releases", database, "releases")
        page = self.codeyear("show C7B.1", database, "show", "C7B.1", "--on", "2026-05-01")
        searches = [
            self.codeyear(f"search {words}", database, "search", *words.split(), "--on", "2026-05-01")
            for words in ("low back pain", "carcinoid liver", "fracture", "diabetes")
        ]
        self.runner.measure([one, many, history, listing, page, *searches], self.runs, 2)
        # Its outcomes are kept in the database, so it has its own.
        verify = self.codeyear("verify of all releases", verified, "verify")
        self.runner.measure([verify], self.heavy_runs, 1)
        demo = Case("demo", [self.binary, "demo", "--folder", str(self.work / "demo")])
        completions = Case("completions bash", [self.binary, "completions", "bash"])
        manual = Case("man", [self.binary, "man", str(self.work / "man")])
        self.runner.measure([demo, completions, manual], FEWEST_RUNS, 1)
        self.groups.append(("questions", [one, many, history, listing, page, *searches, verify]))
        self.groups.append(("the rest", [demo, completions, manual]))
        self.below(one.name, one.wall(), MOST_CHECK_SECONDS, "ms")
        self.below(page.name, page.wall(), MOST_SHOW_SECONDS, "ms")
        for case in searches:
            self.below(case.name, case.wall(), MOST_SEARCH_SECONDS, "ms")

    def tabular_list(self) -> tuple[str, Path]:
        """The newest tabular list, alone in a folder of its own."""
        found = newest(self.whole_archives["icd10cm"], r".*tabular.*\.xml")
        if found is None:
            raise CannotMeasure("no release of ICD-10-CM holds a tabular list")
        release, member = found
        path = self.work / "tabular" / member.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(member.read_bytes())
        return release, path

    def parsers(self, example: Path) -> None:
        """The parsers of official XML, each on the newest file of its kind, within one process."""
        release, tabular = self.tabular_list()
        files = [(f"tabular XML parse, {release}", tabular)]
        for what, code_set, pattern in (
            ("index XML parse", "icd10cm", r"(?!.*(e-?index|eindex)).*index.*\.xml"),
            ("drug table XML parse", "icd10cm", r".*drug.*\.xml"),
            ("ICD-10-PCS tables XML parse", "icd10pcs", r".*tables.*\.xml"),
            ("ICD-10-PCS definitions XML parse", "icd10pcs", r".*definitions.*\.xml"),
        ):
            found = newest(self.whole_archives[code_set], pattern)
            if found:
                path = self.work / f"parse-{len(files)}.xml"
                path.write_bytes(found[1].read_bytes())
                files.append((f"{what}, {found[0]}", path))
        lines = self.runner.output([str(example), *(str(path) for _, path in files)]).splitlines()
        for index, ((what, _), line) in enumerate(zip(files, lines, strict=True)):
            _, size, middle, speed = line.split("\t")
            shown = f"{speed} MB/s ({size} MB in {middle} ms, one core)"
            if index == 0:
                limit = LEAST_TABULAR_MB_PER_SECOND
                self.targets.append(Target(what, float(speed), limit, True, shown, f">= {limit:.0f} MB/s"))
            else:
                self.figures.append((what, shown))

    def one_tabular_list(self, python: Path) -> None:
        """One tabular list: codeyear stores it once and then answers from the file, the peer reads it each time."""
        release, tabular = self.tabular_list()
        where = "import importlib.util as u; print(u.find_spec('simple_icd_10_cm').submodule_search_locations[0])"
        bundled = Path(self.runner.output([str(python), "-c", where]).strip()) / "data"
        same = any(path.read_bytes() == tabular.read_bytes() for path in bundled.glob("*.xml"))
        if release != SIMPLE_ICD_RELEASE or not same:
            raise CannotMeasure(f"simple-icd-10-cm bundles another tabular list than that of {release}")
        stored = self.work / "tabular.db"
        importing = self.codeyear(f"import: the tabular list of {release} alone", stored,
                                  "import", str(tabular), "--release", release, restored=stored)  # fmt: skip
        self.runner.run(importing)
        kept = self.work / "tabular-kept.db"
        shutil.copyfile(stored, kept)
        page = self.codeyear(f"show C7B.1 from the tabular list of {release}", kept,
                             "show", "C7B.1", "--on", "2026-05-01")  # fmt: skip
        ask = "import simple_icd_10_cm as cm; print(cm.get_description('C7B.1'), cm.get_inclusion_term('C7B.1'))"
        theirs = Case(f"simple-icd-10-cm: loads {release} and gives C7B.1", [str(python), "-c", ask], peer=True)
        self.runner.measure([importing, page, theirs], max(self.runs // 2, FEWEST_RUNS), 1)
        self.groups.append(("one tabular list", [importing, page, theirs]))
        self.with_documents.append(importing)
        self.ratio("simple-icd-10-cm to import of the tabular list, wall", theirs, importing, None)
        self.ratio("simple-icd-10-cm to show from the stored tabular list, wall", theirs, page, None)

    def growth(self) -> None:
        """What each kind of document takes in the database, and what copies for each release would."""
        database = sqlite3.connect(f"file:{self.both_sets}?mode=ro", uri=True)
        try:
            sizes = dict(database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        except sqlite3.OperationalError as error:
            say(f"note: the growth of the store is not measured, as this Python's SQLite cannot tell sizes: {error}")
            return
        tables = dict(database.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type IN ('table', 'index')"))
        by_table: dict[str, int] = {}
        for name, size in sizes.items():
            table = tables.get(name, name)
            by_table[table] = by_table.get(table, 0) + size
        for what, kinds, item_table, details in DOCUMENT_TABLES:
            taken = sum(by_table.get(name, 0) for name in (item_table, *details))
            marks = ", ".join("?" for _ in kinds)
            releases, listed = database.execute(
                "SELECT count(DISTINCT source_file.release), sum(item_count) FROM document "
                f"JOIN source_file ON source_file.document = document.id WHERE document.kind IN ({marks})", kinds
            ).fetchone()  # fmt: skip
            (distinct,) = database.execute(f"SELECT count(*) FROM {item_table}").fetchone()
            if distinct:
                copies = taken * listed / distinct
                self.figures.append((
                    f"store: {what} of {releases} releases",
                    f"{taken / MB:.1f} MB; {listed:,} items, {distinct:,} distinct: "
                    f"copies for each release would take {copies / MB:.1f} MB, {copies / taken:.1f} times as much",
                ))  # fmt: skip
        runs = by_table.get("document_run", 0)
        words = sum(size for name, size in by_table.items() if name.startswith("search"))
        self.figures.append(("store: runs of all documents", f"{runs / MB:.1f} MB"))
        self.figures.append(("store: words to search by", f"{words / MB:.1f} MB"))
        codes = {"entry", "listing_run", "span", "release", "period", "coverage"}
        self.figures.append(
            ("store: entries, listings and spans", f"{sum(by_table.get(name, 0) for name in codes) / MB:.1f} MB")
        )
        database.close()

    def memory(self) -> None:
        """The limit was set for order files and addenda; imports of all files are shown beside it."""
        ours = [case for _, cases in self.groups for case in cases if not case.peer]
        others = [case for case in ours if case not in self.with_documents]
        most = max([*others, self.sequence_memory], key=Case.memory)
        self.below(f"most memory of any command but imports of other files than order files and addenda "
                   f"({most.name})", most.memory(), MOST_MEMORY, "MB")  # fmt: skip
        most = max(self.with_documents, key=Case.memory)
        self.figures.append((f"most memory of an import of all files ({most.name})", quantity(most.memory(), "MB")))


def shown_command(arguments: argparse.Namespace) -> str:
    """The command as typed at the root of the repository."""
    command = "python3 benches/bench.py"
    if arguments.releases is not None:
        releases = Path(os.path.relpath(arguments.releases.resolve(), ROOT))
        command += f" --releases {shlex.quote(releases.as_posix())}"
    if arguments.runs is not None:
        command += f" --runs {arguments.runs}"
    for name in ("quick", "update_figures"):
        if getattr(arguments, name):
            command += f" --{name.replace('_', '-')}"
    return command


def report(bench: Bench, environment: dict) -> str:
    lines = [
        "| command | runs | wall: min | median | max | CPU | peak memory |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for _, cases in bench.groups:
        for case in cases:
            walls = case.walls()
            figures = [duration(value) for value in (min(walls), case.wall(), max(walls), case.cpu())]
            # Half a MB more than the least to see is not told from it.
            seen = case.memory() > bench.memory_floor + MB // 2
            memory = quantity(case.memory(), "MB") if seen else f"<= {quantity(bench.memory_floor, 'MB')}"
            lines.append(f"| {case.name} | {len(walls)} | {' | '.join(figures)} | {memory} |")
    lines += ["", "| target | limit | measured | |", "|---|--:|--:|---|"]
    for target in bench.targets:
        met = "met" if target.met() else "**missed**"
        lines.append(f"| {target.what} | {target.shown_limit} | {target.shown} | {met} |")
    lines += [f"| {what} | | {shown} | |" for what, shown in bench.figures]
    lines += [
        "",
        f"Whole processes on {environment['cores_used']} of {environment['cores']} cores of {environment['cpu']}, "
        f"{environment['system']}, files in the page cache, load average {environment['load_before']:.1f} before "
        f"and {environment['load_after']:.1f} after. Wall times are judged by the median. "
        f"codeyear {environment['codeyear']}; csv-diff {environment['csv_diff']} and simple-icd-10-cm "
        f"{environment['simple_icd']} on Python {environment['python']}; git {environment['git']}. Made by `{environment['command']}`; what it measures is "
        "told in [benches/README.md](https://github.com/codeyear/codeyear/blob/main/benches/README.md).",
    ]
    return "\n".join(lines)


def results(bench: Bench, environment: dict) -> dict:
    return {
        "environment": environment,
        "memory_floor": bench.memory_floor,
        "commands": [
            {"group": group, "command": case.name, "peer": case.peer,
             "wall_median": case.wall(), "cpu_median": case.cpu(), "memory_max": case.memory(),
             "runs": [asdict(sample) for sample in case.samples]}
            for group, cases in bench.groups
            for case in cases
        ],
        "one_by_one": bench.sequence,
        "targets": [asdict(target) | {"met": target.met()} for target in bench.targets],
        "figures": dict(bench.figures),
    }  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--releases", type=Path, metavar="FOLDER",
                        help="folder with icd10cm and icd10pcs [default: ../shared/releases]")  # fmt: skip
    parser.add_argument("--runs", type=int, metavar="N",
                        help="runs of a fast command, at least 10; slow ones get a quarter [default: 40]")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="do fewer runs")
    parser.add_argument("--update-figures", action="store_true", help="replace the block in docs/figures.md")
    parser.add_argument("--cache", type=Path, metavar="FOLDER",
                        help="keep the peer and the results here [default: bench in cargo's target folder]")  # fmt: skip
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> int:
    if arguments.update_figures:
        figures_parts(BEGIN, END)
    releases = official_releases(arguments.releases)
    runs = max(arguments.runs or (FEWEST_RUNS if arguments.quick else 40), FEWEST_RUNS)
    heavy_runs = 3 if arguments.quick else max(runs // 4, 3)
    binary, target = build("parse_speed")
    cache = (arguments.cache or target / "bench").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    csv_diff = install(cache / "venv", f"csv-diff=={CSV_DIFF}").with_name("csv-diff")
    simple_icd = install(cache / "venv-simple-icd", f"simple-icd-10-cm=={SIMPLE_ICD}")
    work = cache / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    cores_used = pin()
    runner = Runner(work)
    environment = machine(runner, binary, shown_command(arguments), cores_used) | {
        "csv_diff": CSV_DIFF,
        "simple_icd": SIMPLE_ICD,
        "git": runner.output([tool("git"), "--version"]).split()[2],
    }
    try:
        bench = Bench(runner, binary, work, releases, runs, heavy_runs)
        bench.floor()
        bench.imports()
        bench.first_answer()
        bench.one_by_one()
        bench.long_history()
        bench.diffs(csv_diff)
        bench.questions()
        bench.parsers(target / "dist" / "examples" / "parse_speed")
        bench.one_tabular_list(simple_icd)
        bench.growth()
        bench.memory()
    finally:
        runner.close()
        shutil.rmtree(work, ignore_errors=True)
    environment["load_after"] = load()
    note_load(environment)
    marks = (BEGIN, END) if arguments.update_figures else None
    told = results(bench, environment)
    return finish(report(bench, environment), told, cache / "results.json", bench.targets, marks)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(parse_arguments())))
