#!/usr/bin/env python3
"""Measures codeyear and its peers as whole processes, on the official releases.

Builds the release binary, imports the releases, asks the questions, and compares `codeyear diff` with
the `csv-diff` command and with `git diff --no-index`. Prints Markdown, writes results.json with every
single run, and with --update-readme replaces the block between the two bench marks of README.md.

Exit codes: 0 every target is met, 1 one is missed (stderr says which), 2 it could not be measured.
"""

import argparse
import csv
import datetime
import json
import marshal
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
CSV_DIFF = "1.2"
CORES = 2
FEWEST_RUNS = 10
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
MB = 1_000_000
# ru_maxrss is in KiB on Linux and in bytes on macOS.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024

MOST_IMPORT_SECONDS = 4.0
MOST_MEMORY = 150 * MB
MOST_DATABASE = 60 * MB
MOST_DIFF_SECONDS = 0.060
MOST_CHECK_SECONDS = 0.010
LEAST_CSV_DIFF_RATIO = 10.0
LEAST_GIT_DIFF_RATIO = 2.0
# A longer history may not make an import dearer. A twentieth is what two equal imports differ by here.
MOST_NINETEENTH_TO_SECOND = 1.05


# Starts, times and reaps each command. Linux counts the memory of the process that starts a command as the
# command's own, up to its exec: so it is started by one that stays as small as Python can be.
STARTER = """
import marshal, os, sys, time
while True:
    argv, environment, stdin, stderr = marshal.load(sys.stdin.buffer)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    start = time.perf_counter()
    process = os.posix_spawn(argv[0], argv, environment, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    exit_code = os.waitstatus_to_exitcode(status)
    answer = (exit_code, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    marshal.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


class CannotMeasure(Exception):
    """What keeps a figure from being measured; its text is for the user."""


@dataclass
class Sample:
    """One run of one process."""

    wall: float
    cpu: float
    memory: int


@dataclass
class Case:
    """A command to measure, and its runs."""

    name: str
    argv: list[str]
    stdin: str = os.devnull
    exits: tuple[int, ...] = (0,)
    restored: Path | None = None
    before: Path | None = None
    peer: bool = False
    samples: list[Sample] = field(default_factory=list)

    def walls(self) -> list[float]:
        return [sample.wall for sample in self.samples]

    def wall(self) -> float:
        return median(self.walls())

    def cpu(self) -> float:
        return median(sample.cpu for sample in self.samples)

    def memory(self) -> int:
        return max(sample.memory for sample in self.samples)


@dataclass
class Target:
    """A figure with a limit."""

    what: str
    measured: float
    limit: float
    at_least: bool
    shown: str
    shown_limit: str

    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured < self.limit


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# Running.


class Runner:
    """Runs commands one at a time, with stdout thrown away and stderr kept for a failure."""

    def __init__(self, work: Path):
        self.stderr = work / "stderr.txt"
        keep = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT")
        self.environment = {name: os.environ[name] for name in keep if name in os.environ}
        # The user's own settings are no part of what is measured.
        self.environment |= {
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PAGER": "cat",
        }

        self.starter = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        self.starter.kill()
        self.starter.communicate()

    def run(self, case: Case) -> Sample:
        if case.restored:
            restore_database(case.restored, case.before)
        marshal.dump((case.argv, self.environment, case.stdin, str(self.stderr)), self.starter.stdin)
        self.starter.stdin.flush()
        try:
            exit_code, wall, cpu, memory = marshal.load(self.starter.stdout)
        except EOFError as error:
            raise CannotMeasure(f"{case.name}: {case.argv[0]} cannot be started") from error
        if exit_code not in case.exits:
            last = self.stderr.read_text(errors="replace").strip()[-2000:]
            raise CannotMeasure(f"{case.name}: exit code {exit_code} of {shlex.join(case.argv)}\n{last}")
        return Sample(wall, cpu, memory * RSS_UNIT)

    def measure(self, cases: list[Case], runs: int, warm_ups: int) -> None:
        """Runs the cases in turn, A B A B, so that a busy minute hits all of them."""
        others = f" and {len(cases) - 1} more in turn" if len(cases) > 1 else ""
        say(f"{runs} runs of {cases[0].name}{others}")
        for round_number in range(-warm_ups, runs):
            for case in cases:
                sample = self.run(case)
                if round_number >= 0:
                    case.samples.append(sample)

    def output(self, argv: list[str], stdin: str | None = None, exits: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            argv, env=self.environment, text=True, capture_output=True, input=stdin, check=False
        )
        if done.returncode not in exits:
            raise CannotMeasure(f"{shlex.join(argv)}: exit code {done.returncode}\n{done.stderr.strip()}")
        return done.stdout


def remove_database(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def restore_database(path: Path, before: Path | None) -> None:
    """Puts a database in its state before an import: none, or a copy that is on the disk already."""
    remove_database(path)
    if before:
        shutil.copyfile(before, path)
        with path.open("rb+") as copy:
            os.fsync(copy.fileno())


def database_bytes(path: Path) -> int:
    files = (Path(f"{path}{end}") for end in ("", "-wal", "-shm", "-journal"))
    return sum(file.stat().st_size for file in files if file.exists())


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise CannotMeasure(f"{name} is not installed")
    return path


# What is measured: the binary, the peers, the releases.


def build() -> tuple[Path, Path]:
    """Builds the release binary; gives it and cargo's target folder."""
    cargo = tool("cargo")
    say("cargo build --release --locked")
    if subprocess.run([cargo, "build", "--release", "--locked"], cwd=ROOT, check=False).returncode:
        raise CannotMeasure("the release binary does not build")
    metadata = subprocess.run(
        [cargo, "metadata", "--no-deps", "--format-version", "1", "--locked"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    target = Path(json.loads(metadata.stdout)["target_directory"])
    return target / "release" / "codeyear", target


def install_csv_diff(venv: Path) -> Path:
    """Installs csv-diff into a virtual environment of its own, once; gives its command."""
    python = venv / "bin" / "python"
    command = venv / "bin" / "csv-diff"
    ask = "import importlib.metadata as m; print(m.version('csv-diff'))"
    if python.exists() and command.exists():
        installed = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
        if installed.stdout.strip() == CSV_DIFF:
            return command
    say(f"pip install csv-diff=={CSV_DIFF} into a virtual environment of its own")
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        f"csv-diff=={CSV_DIFF}"], check=True, stdout=sys.stderr)  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"csv-diff cannot be installed: {error}") from error
    return command


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
        self.runs, self.heavy_runs = runs, heavy_runs
        self.folders = {name: releases / name for name in ("icd10cm", "icd10pcs")}
        self.archives = {name: archives(folder) for name, folder in self.folders.items()}
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
        self.one_set, self.both_sets = self.work / "icd10cm.db", self.work / "both.db"
        cm, pcs = (str(folder) for folder in self.folders.values())
        one = self.codeyear(f"import: {counts['icd10cm']} ICD-10-CM releases", self.one_set,
                            "import", cm, restored=self.one_set)  # fmt: skip
        both = self.codeyear(f"import: both code sets, {sum(counts.values())} releases", self.both_sets,
                             "import", cm, pcs, restored=self.both_sets)  # fmt: skip
        self.runner.measure([one, both], self.heavy_runs, 1)
        again = self.codeyear("import: the same bytes again", self.both_sets, "import", cm, pcs)
        self.runner.measure([again], self.heavy_runs, 0)
        self.groups.append(("import", [one, both, again]))
        self.below(one.name, one.wall(), MOST_IMPORT_SECONDS, "s")
        for what, database in (("ICD-10-CM", self.one_set), ("both code sets", self.both_sets)):
            self.below(f"database of {what}", database_bytes(database), MOST_DATABASE, "MB")

    def one_by_one(self) -> None:
        """Imports each release by a command of its own, in order of date; then the second and the last again."""
        database = self.work / "sequence.db"
        found = self.archives["icd10cm"]
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
        self.runner.measure([one, many, history, listing], self.runs, 2)
        # Its outcomes are kept in the database, so it has its own.
        verify = self.codeyear("verify of all releases", verified, "verify")
        self.runner.measure([verify], self.heavy_runs, 1)
        demo = Case("demo", [self.binary, "demo", "--folder", str(self.work / "demo")])
        completions = Case("completions bash", [self.binary, "completions", "bash"])
        manual = Case("man", [self.binary, "man", str(self.work / "man")])
        self.runner.measure([demo, completions, manual], FEWEST_RUNS, 1)
        self.groups.append(("questions", [one, many, history, listing, verify]))
        self.groups.append(("the rest", [demo, completions, manual]))
        self.below(one.name, one.wall(), MOST_CHECK_SECONDS, "ms")

    def memory(self) -> None:
        ours = [case for _, cases in self.groups for case in cases if not case.peer]
        most = max([*ours, self.sequence_memory], key=Case.memory)
        self.below(f"most memory of any command ({most.name})", most.memory(), MOST_MEMORY, "MB")


# Showing.


def quantity(value: float, unit: str) -> str:
    if unit == "MB":
        return f"{value / MB:.0f} MB"
    if unit == "ms":
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s"


def duration(seconds: float) -> str:
    return quantity(seconds, "s" if seconds >= 1 else "ms")


def cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


def pin() -> int:
    """Keeps this process and what it starts on at most two cores; gives their number."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    return len(cores)


def load() -> float:
    return os.getloadavg()[0]


def shown_command(arguments: argparse.Namespace) -> str:
    """The command as typed at the root of the repository."""
    command = "python3 benches/bench.py"
    if arguments.releases is not None:
        releases = Path(os.path.relpath(arguments.releases.resolve(), ROOT))
        command += f" --releases {shlex.quote(releases.as_posix())}"
    if arguments.runs is not None:
        command += f" --runs {arguments.runs}"
    for name in ("quick", "update_readme"):
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
        f"codeyear {environment['codeyear']}; csv-diff {environment['csv_diff']} on Python "
        f"{environment['python']}; git {environment['git']}. Made by `{environment['command']}`; what it measures is "
        "told in [benches/README.md](benches/README.md).",
    ]
    return "\n".join(lines)


def readme_parts() -> tuple[Path, str, str]:
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise CannotMeasure(f"README.md does not hold {BEGIN} and then {END}, once each")
    return path, text[: text.index(BEGIN)], text[text.index(END) :]


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
    parser.add_argument("--update-readme", action="store_true", help="replace the block in README.md")
    parser.add_argument("--cache", type=Path, metavar="FOLDER",
                        help="keep the peer and the results here [default: bench in cargo's target folder]")  # fmt: skip
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> int:
    if arguments.update_readme:
        readme_parts()
    releases = (arguments.releases or ROOT.parent / "shared" / "releases").resolve()
    if not releases.is_dir():
        raise CannotMeasure(f"{arguments.releases or '../shared/releases'} is no folder: name it with --releases")
    runs = max(arguments.runs or (FEWEST_RUNS if arguments.quick else 40), FEWEST_RUNS)
    heavy_runs = 3 if arguments.quick else max(runs // 4, 3)
    cores = os.cpu_count() or 1
    binary, target = build()
    cache = (arguments.cache or target / "bench").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    csv_diff = install_csv_diff(cache / "venv")
    work = cache / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    cores_used = pin()
    runner = Runner(work)
    environment = {
        "command": shown_command(arguments),
        "cpu": cpu_model(),
        "cores": cores,
        "cores_used": cores_used,
        "system": f"{platform.system()} {platform.machine()}",
        "codeyear": runner.output([str(binary), "--version"]).split()[-1],
        "csv_diff": CSV_DIFF,
        "python": platform.python_version(),
        "git": runner.output([tool("git"), "--version"]).split()[2],
        "load_before": load(),
    }
    try:
        bench = Bench(runner, binary, work, releases, runs, heavy_runs)
        bench.floor()
        bench.imports()
        bench.one_by_one()
        bench.diffs(csv_diff)
        bench.questions()
        bench.memory()
    finally:
        runner.close()
        shutil.rmtree(work, ignore_errors=True)
    environment["load_after"] = load()
    (cache / "results.json").write_text(json.dumps(results(bench, environment), indent=1) + "\n")
    text = report(bench, environment)
    print(text)
    if arguments.update_readme:
        path, before, after = readme_parts()
        path.write_text(f"{before}{BEGIN}\n{text}\n{after}", encoding="utf-8")
    if max(environment["load_before"], environment["load_after"]) > environment["cores_used"]:
        say("note: other work ran on this machine; wall times hold its waiting too, CPU times and ratios do less")
    missed = [item for item in bench.targets if not item.met()]
    for item in missed:
        say(f"missed: {item.what}: {item.shown}, target {item.shown_limit}")
    return 1 if missed else 0


def main() -> int:
    try:
        return run(parse_arguments())
    except CannotMeasure as error:
        say(f"error: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main())
