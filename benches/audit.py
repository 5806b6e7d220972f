#!/usr/bin/env python3
"""Measures `codeyear audit` and its peers as whole processes, on millions of generated claims.

Builds the release binary, imports the official releases, makes claims from the exported spans, and audits them by
`codeyear audit`, DuckDB, Polars and Spark, with the time, the memory and how both grow. Prints Markdown, writes
audit.json with every single run, and with --update-figures replaces the block between the two marks of docs/figures.md.

Exit codes: 0 every target is met, 1 one is missed (stderr says which), 2 it could not be measured.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from measure import (
    MB, ROOT, CannotMeasure, Case, Runner, Target, build, duration, exit_code, finish, install, load, machine,
    note_load, official_releases, pin, quantity, figures_parts, say, tool, update_figures,
)  # fmt: skip

PEERS = ("duckdb==1.5.6", "numpy==2.4.6", "polars==2.1.0")
BEGIN, END = "<!-- audit-bench:begin -->", "<!-- audit-bench:end -->"
SEED = 20260401
MILLION = 1_000_000
GROWTH = 10
LEAST_DUCKDB_RATIO = 3.5
LEAST_VERDICT_RATIO = 5.0
LEAST_POOR_RATIO = 1.5
LEAST_POLARS_RATIO = 4.0
LEAST_SUMMARY_RATIO = 2.0
MOST_MEMORY = 200 * MB
# Blocks of a file are held as they come; how many at once is a matter of threads, not of rows.
MOST_MEMORY_GROWTH = 1.25
MOST_SECONDS_GROWTH = 1.25
MOST_ONE_ROW_SECONDS = 0.030
# What a way of a peer may take for the smallest table before it is given up.
MOST_TRIAL_SECONDS = 60


def rows_text(rows: int) -> str:
    return f"{rows // MILLION} million" if rows % MILLION == 0 else f"{rows:,}"


class AuditBench:
    """The figures, in the order in which they are shown."""

    def __init__(self, runner: Runner, binary: Path, python: Path, work: Path, database: Path, runs: int):
        self.runner, self.binary, self.python, self.work = runner, str(binary), str(python), work
        self.database, self.runs = str(database), runs
        self.spans, self.periods, self.findings = (work / f"{what}.parquet" for what in ("spans", "periods", "findings"))
        self.cases: list[tuple[Case, int]] = []
        self.targets: list[Target] = []
        self.figures: list[tuple[str, str]] = []
        self.lost: list[str] = []

    # Claims.

    def export(self) -> None:
        for what in ("spans", "periods", "findings"):
            for end in ("parquet", "csv"):
                path = self.work / f"{what}.{end}"
                self.runner.output([self.binary, "--db", self.database, "export", what, "-o", str(path)])

    def claims(self, rows: int, is_poor: bool = False) -> Path:
        """Makes a table of claims, once; a poor one has five times as many that fail."""
        path = self.work / f"claims-{rows}{'-poor' if is_poor else ''}.csv"
        if path.exists():
            return path
        say(f"{rows_text(rows)} claims")
        make = "import sys, claims; from pathlib import Path; one, two, out = map(Path, sys.argv[1:4]); "
        make += f"claims.Claims(one, two, is_poor={is_poor}).write(out, int(sys.argv[4]), int(sys.argv[5]))"
        exports = [str(self.work / f"{what}.csv") for what in ("spans", "periods")]
        self.runner.environment["PYTHONPATH"] = str(ROOT / "benches")
        self.runner.environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.runner.output([self.python, "-c", make, *exports, str(path), str(rows), str(SEED)])
        return path

    # Commands.

    def audit(self, name: str, claims: Path, output: Path | None = None, wanted: tuple[str, ...] = ()) -> Case:
        wanted = wanted or ("--keep", "all")
        argv = [self.binary, "--db", self.database, "audit", str(claims), "--code", "code", "--date", "service_date",
                "--code-set", "icd10cm", "--threads", "2"]  # fmt: skip
        if output:
            argv += [*wanted, "-o", str(output)]
        # Some codes are not billable, and some days are not covered: 1 and 2 are what is to be expected.
        return Case(name, argv, exits=(0, 1, 2), output=output)

    def peer(self, name: str, engine: str, way: list[str], claims: Path, output: Path | None = None) -> Case:
        argv = [self.python, str(ROOT / "benches" / "audit_peers.py"), engine, str(claims), str(self.spans),
                str(self.periods), *way]  # fmt: skip
        if output:
            argv += ["--output", str(output)]
        return Case(name, argv, output=output, peer=True)

    def best_way(self, engine: str, ways: list[list[str]], claims: Path) -> list[str]:
        """The fastest way of a peer on a million rows: that one runs the race."""
        times = {}
        for way in ways:
            case = self.peer("", engine, way, claims, self.work / "trial.csv")
            shown = " ".join(way).replace("--", "")
            try:
                limit = min(times.values(), default=MOST_TRIAL_SECONDS) * 10
                done = subprocess.run(case.argv, env=self.runner.environment, capture_output=True,
                                      timeout=min(limit, MOST_TRIAL_SECONDS), check=False)  # fmt: skip
            except subprocess.TimeoutExpired as error:
                self.lost.append(f"{engine} {shown}: over {error.timeout:.0f} s")
                continue
            if done.returncode:
                raise CannotMeasure(f"{engine} {shown}: {done.stderr.decode(errors='replace').strip()[-2000:]}")
            # The files are in the page cache and the program is loaded by now.
            times[shown] = min(self.runner.run(case).wall for _ in range(2))
            self.lost.append(f"{engine} {shown}: {duration(times[shown])}")
        best = min(times, key=times.__getitem__)
        say(f"{engine} runs {best} ({', '.join(f'{way}: {duration(wall)}' for way, wall in times.items())})")
        return next(way for way in ways if " ".join(way).replace("--", "") == best)

    # Figures.

    def below(self, what: str, measured: float, limit: float, unit: str) -> None:
        shown, shown_limit = quantity(measured, unit), quantity(limit, unit)
        self.targets.append(Target(what, measured, limit, False, shown, f"< {shown_limit}"))

    def ratio(self, what: str, peer: Case, ours: Case, limit: float) -> None:
        measured = min(peer.walls()) / min(ours.walls())
        shown = f"{measured:.1f} (CPU time: {peer.cpu() / ours.cpu():.1f})"
        self.targets.append(Target(what, measured, limit, True, shown, f">= {limit:g}"))

    def measure(self, cases: list[Case], rows: int, runs: int, warm_ups: int = 1) -> None:
        self.runner.measure(cases, runs, warm_ups)
        self.cases += [(case, rows) for case in cases]

    def race(self, rows: int) -> None:
        """The same table by all: rows to rows, then the summary only."""
        small = self.claims(MILLION)
        ways = [["--way", "text"], ["--way", "range"], ["--way", "range", "--ordered"], ["--way", "asof"]]
        duckdb_way = self.best_way("duckdb", ways, small)
        polars_way = self.best_way("polars", [["--way", "memory"], ["--way", "streaming"]], small)
        table = self.claims(rows)
        outputs = {name: self.work / f"{name}.csv" for name in ("codeyear", "duckdb", "polars")}
        of_rows = f"{rows_text(rows)} rows, CSV to CSV"
        self.ours = self.audit(f"codeyear audit: {of_rows}", table, outputs["codeyear"])
        self.duckdb = self.peer(f"DuckDB: {of_rows}", "duckdb", duckdb_way, table, outputs["duckdb"])
        self.polars = self.peer(f"Polars: {of_rows}", "polars", polars_way, table, outputs["polars"])
        self.runner.run(self.ours)
        copied = self.work / "copied.csv"
        copy = Case("plain copy of what codeyear writes (cat)",
                    [tool("sh"), "-c", f"cat {outputs['codeyear']} > {copied}"], output=copied)  # fmt: skip
        self.measure([self.ours, self.duckdb, self.polars, copy], rows, self.runs)
        self.agree(table, outputs)
        self.parts(outputs["codeyear"])
        size = outputs["codeyear"].stat().st_size
        for path in (*outputs.values(), copied):
            path.unlink()
        self.verdicts(rows, table, duckdb_way)
        self.poor(rows, duckdb_way)
        only = f"{rows_text(rows)} rows, summary only"
        ours = self.audit(f"codeyear audit: {only}", table)
        duckdb = self.peer(f"DuckDB: {only}", "duckdb", duckdb_way, table)
        self.measure([ours, duckdb], rows, self.runs)
        self.phases(table, rows)
        self.ratio("DuckDB to codeyear audit, CSV to CSV, wall", self.duckdb, self.ours, LEAST_DUCKDB_RATIO)
        self.ratio("Polars to codeyear audit, CSV to CSV, wall", self.polars, self.ours, LEAST_POLARS_RATIO)
        self.ratio("DuckDB to codeyear audit, summary only, wall", duckdb, ours, LEAST_SUMMARY_RATIO)
        self.figures.append(("bytes read and written by codeyear audit, CSV to CSV",
                             f"{table.stat().st_size / MB:.0f} MB and {size / MB:.0f} MB"))  # fmt: skip
        self.figures.append(("codeyear audit, CSV to CSV, to a plain copy of what it writes, wall",
                             f"{min(self.ours.walls()) / min(copy.walls()):.1f}"))  # fmt: skip

    def verdicts(self, rows: int, table: Path, way: list[str]) -> None:
        """The same three columns by both: the code, the day and the verdict."""
        of_rows = f"{rows_text(rows)} rows, CSV to three columns"
        outputs = [self.work / f"{name}-verdicts.csv" for name in ("codeyear", "duckdb")]
        ours = self.audit(f"codeyear audit: {of_rows}", table, outputs[0], ("--columns", "verdict"))
        columns = ["--columns", "code", "service_date"]
        duckdb = self.peer(f"DuckDB: {of_rows}", "duckdb", [*way, *columns], table, outputs[1])
        self.measure([ours, duckdb], rows, self.runs)
        self.agree(table, dict(zip(("codeyear", "duckdb"), outputs, strict=True)), "of three columns")
        for path in outputs:
            path.unlink()
        self.ratio("DuckDB to codeyear audit, CSV to three columns, wall", duckdb, ours, LEAST_VERDICT_RATIO)

    def poor(self, rows: int, way: list[str]) -> None:
        """A file of which every fourth row fails, explained."""
        table = self.claims(rows, is_poor=True)
        of_rows = f"{rows_text(rows)} rows of which a quarter fails, CSV to CSV"
        outputs = [self.work / f"{name}-poor.csv" for name in ("codeyear", "duckdb")]
        ours = self.audit(f"codeyear audit: {of_rows}", table, outputs[0])
        duckdb = self.peer(f"DuckDB: {of_rows}", "duckdb", way, table, outputs[1])
        self.measure([ours, duckdb], rows, self.runs)
        self.agree(table, dict(zip(("codeyear", "duckdb"), outputs, strict=True)), "of the poor table")
        self.poor_pair = ours, duckdb
        for path in (*outputs, table):
            path.unlink()
        self.ratio("DuckDB to codeyear audit, a quarter of the rows fails, wall", duckdb, ours, LEAST_POOR_RATIO)

    def readme(self, rows: int) -> str:
        """A line for each of the two mixes, as README has them."""

        def line(what: str, ours: Case, peer: Case) -> str:
            mine, theirs = min(ours.walls()), min(peer.walls())
            return f"- {what}: {duration(mine)}; DuckDB's join, which tells billable, header and neither, {duration(theirs)}"

        of_rows = f"{rows_text(rows)} rows of CSV on two cores"
        return "\n".join([
            line(f"{of_rows}, 95 % of them billable, each judged and explained", self.ours, self.duckdb),
            line(f"{of_rows}, a quarter of them not billable", *self.poor_pair),
        ])

    def agree(self, table: Path, outputs: dict[str, Path], what: str = "") -> None:
        """Compares what all found, so that the race is run over the same distance."""
        told = json.loads(self.runner.output([*self.audit("", table).argv, "--format", "json"], exits=(0, 1, 2)))
        by_verdict = {row["verdict"]: row["codes"] for row in told["verdicts"]}
        expected = {name: by_verdict.get(name, 0) for name in ("billable", "header")}
        counted = self.runner.output(self.peer("", "duckdb", [], table).argv).splitlines()
        found = {"DuckDB's summary": {name: int(count) for name, count in map(str.split, counted) if name in expected}}
        for engine, path in outputs.items():
            found[engine] = {name: count_in(path, f",{name}".encode()) for name in expected}
        for engine, counts in found.items():
            if counts != expected:
                raise CannotMeasure(f"{engine}: {counts}, and codeyear's summary {expected}: not the same work")
        others = sum(by_verdict.values()) - sum(expected.values())
        self.figures.append(
            (f"verdicts by all alike {what}".rstrip(),
             f"{expected['billable']:,} billable, {expected['header']:,} header, {others:,} neither")  # fmt: skip
        )

    def parts(self, annotated: Path) -> None:
        """Writes the same claims with blanks for codes, which leaves nothing to look up, and the billable ones alone."""
        blank, billable = self.work / "blank.csv", self.work / "billable.csv"
        with annotated.open("rb") as lines, blank.open("wb") as blanks, billable.open("wb") as sound:
            header = b",".join(lines.readline().split(b",")[:3]) + b"\n"
            blanks.write(header)
            sound.write(header)
            for line in lines:
                claim, code, day, verdict, _ = line.split(b",", 4)
                blanks.write(b"%s,%s,%s\n" % (claim, b" " * len(code), day))
                if verdict == b"billable":
                    sound.write(b"%s,%s,%s\n" % (claim, code, day))

    def phases(self, table: Path, rows: int) -> None:
        """Where the CPU time goes, told by what it costs more to do more: nothing is measured within the program."""
        blank, billable, null = self.work / "blank.csv", self.work / "billable.csv", Path(os.devnull)
        output = self.work / "whole.csv"
        whole, counted, gone = self.audit("", table, output), self.audit("", table), self.audit("", table, null)
        read, sound, sound_gone = self.audit("", blank), self.audit("", billable), self.audit("", billable, null)
        cases = [whole, counted, gone, read, sound, sound_gone]
        for case in cases:
            case.name = "codeyear audit for the shares of its time"
        self.runner.measure(cases, self.runs, 1)

        def cpu(case: Case) -> float:
            return min(sample.cpu for sample in case.samples)

        begin = cpu(self.one)
        reading = cpu(read) - begin
        with billable.open("rb") as lines:
            billable_rows = sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 24), b"")) - 1
        copying = (cpu(sound_gone) - cpu(sound)) * rows / billable_rows
        shares = {
            "starting, and reading the index from the database": begin,
            "reading the file and finding its rows, fields and days": reading,
            "looking codes up, judging and counting them": cpu(counted) - cpu(read),
            "putting rows and their columns together": copying,
            "explaining what is not billable": cpu(gone) - cpu(counted) - copying,
            "writing the file": cpu(whole) - cpu(gone),
        }
        self.shares = [(what, seconds, seconds / cpu(whole)) for what, seconds in shares.items()]
        for path in (blank, billable, output):
            path.unlink()

    def growth(self, rows: int, large: bool) -> None:
        """The same command on a tenth, on the whole and, if asked for, on ten times as many rows."""
        sizes = [rows // GROWTH, rows]
        output = self.work / "grown.csv"
        runs = {rows: self.ours}
        small = self.audit(f"codeyear audit: {rows_text(sizes[0])} rows, CSV to CSV", self.claims(sizes[0]), output)
        self.measure([small], sizes[0], self.runs)
        runs[sizes[0]] = small
        if large:
            sizes.append(rows * GROWTH)
            most = self.audit(f"codeyear audit: {rows_text(sizes[2])} rows, CSV to CSV", self.claims(sizes[2]), output)
            self.measure([most], sizes[2], 1, 0)
            runs[sizes[2]] = most
            self.claims(sizes[2]).unlink()
        output.unlink()
        seconds = [min(runs[size].walls()) / (size / MILLION) for size in sizes]
        memory = [runs[size].memory() for size in sizes]

        def at_each(texts: list[str]) -> str:
            return ", ".join(f"{text} at {rows_text(size)}" for text, size in zip(texts, sizes, strict=True))

        ratio = seconds[-1] / seconds[0]
        shown = f"{ratio:.2f} ({at_each([duration(each) for each in seconds])})"
        what = f"time of a million rows, of {rows_text(sizes[-1])} to of {rows_text(sizes[0])}"
        limit = MOST_SECONDS_GROWTH
        self.targets.append(Target(what, ratio, limit, False, shown, f"< {limit}"))
        ratio = memory[-1] / memory[-2]
        shown = f"{ratio:.2f} ({at_each([quantity(each, 'MB') for each in memory])})"
        # What is kept of the codes that fail grows to a bound, which ten million rows come near to.
        if large:
            what = f"peak memory, of {rows_text(sizes[-1])} to of {rows_text(sizes[-2])}"
            limit = MOST_MEMORY_GROWTH
            self.targets.append(Target(what, ratio, limit, False, shown, f"< {limit}"))
        else:
            what = f"peak memory, of {rows_text(sizes[-1])} to of {rows_text(sizes[-2])} (--large tells where it ends)"
            self.figures.append((what, shown))
        self.below("most peak memory of codeyear audit", max(memory), MOST_MEMORY, "MB")

    def one_row(self) -> None:
        """What an audit costs before its first row: starting, and reading the index from the database."""
        path = self.work / "one.csv"
        path.write_text("claim_id,code,service_date\n1,C7B.00,2026-03-01\n")
        case = self.audit("codeyear audit: one row", path)
        self.measure([case], 1, max(self.runs, 10), 2)
        self.one = case
        self.below(case.name, min(case.walls()), MOST_ONE_ROW_SECONDS, "ms")

    def spark(self, rows: int) -> None:
        """The job of spark/ on the same tables; starting Spark is part of what a run costs."""
        ask = '. spark/environment.sh && printf "%s\\n%s\\n" "$JAVA_HOME" "$PYSPARK_PYTHON"'
        done = subprocess.run([tool("bash"), "-euc", ask], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotMeasure(f"{done.stderr.strip()}\n--no-spark leaves it out")
        java, python = done.stdout.split("\n")[:2]
        self.runner.environment |= {"JAVA_HOME": java, "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
        self.spark_cases = []
        for size in (rows // GROWTH, rows):
            case = Case(
                f"Spark, local[2]: {rows_text(size)} rows, CSV to CSV",
                [str(Path(python).with_name("spark-submit")), "--master", "local[2]", "--driver-memory", "2g",
                 "--conf", "spark.ui.enabled=false", str(ROOT / "spark" / "audit_claims.py"),
                 "--claims", str(self.claims(size)), "--code-column", "code", "--date-column", "service_date",
                 "--findings", str(self.findings), "--periods", str(self.periods), "--format", "csv", "--overwrite",
                 "--output", str(self.work / "spark")],
                peer=True,
            )  # fmt: skip
            self.measure([case], size, min(self.runs, 2), 0)
            self.spark_cases.append((case, size))
        version = self.runner.output([python, "-c", "import importlib.metadata as m; print(m.version('pyspark'))"])
        self.spark_version = version.strip()

    def peers_small(self, rows: int) -> None:
        """The peers on a tenth of the rows: what a row costs once a program runs is the difference."""
        small, output = self.claims(rows // GROWTH), self.work / "small.csv"
        name = f"{rows_text(rows // GROWTH)} rows, CSV to CSV"
        self.small = []
        for engine, large in (("DuckDB", self.duckdb), ("Polars", self.polars)):
            argv = [str(small) if part == str(self.claims(rows)) else part for part in large.argv]
            argv[argv.index("--output") + 1] = str(output)
            case = Case(f"{engine}: {name}", argv, output=output, peer=True)
            self.measure([case], rows // GROWTH, self.runs)
            self.small.append(case)
        output.unlink()

    def costs(self, rows: int) -> list[str]:
        """When to use which: what a program costs before its first row, and what each row costs then."""
        fewer = rows // GROWTH
        named = {case.name: case for case, _ in self.cases}
        ours = named[f"codeyear audit: {rows_text(fewer)} rows, CSV to CSV"]
        pairs = [("`codeyear audit`", ours, self.ours), ("DuckDB join", self.small[0], self.duckdb),
                 ("Polars join", self.small[1], self.polars)]  # fmt: skip
        when = {
            "`codeyear audit`": "claims in files, as many as one disk holds: all verdicts, what to use instead, why",
            "DuckDB join": "claims in a database or Parquet already, billable or not is enough",
            "Polars join": "claims in a data frame already, and in memory",
            "Spark job": "claims on a cluster, or more of them than one machine should read",
        }
        if getattr(self, "spark_cases", None):
            pairs.append(("Spark job", self.spark_cases[0][0], self.spark_cases[1][0]))
        lines = [
            f"| | to begin | each row more | {rows_text(fewer)} | {rows_text(rows)} | memory, {rows_text(fewer)} to "
            f"{rows_text(rows)} | use it for |",
            "|---|--:|--:|--:|--:|--:|---|",
        ]
        for what, small, large in pairs:
            few, many = min(small.walls()), min(large.walls())
            each = (many - few) / (rows - fewer)
            begin = max(few - each * fewer, 0)
            lines.append(
                f"| {what} | {duration(begin)} | {each * 1e9:.0f} ns | {duration(few)} | {duration(many)} | "
                f"{quantity(small.memory(), 'MB')} to {quantity(large.memory(), 'MB')} | {when[what]} |"
            )
        return lines


def count_in(path: Path, part: bytes) -> int:
    """Counts lines that hold some bytes; a block at a time, so that it costs no memory."""
    count, rest = 0, b""
    with path.open("rb") as file:
        file.readline()
        while block := file.read(1 << 24):
            end = block.rfind(b"\n") + 1
            count += (rest + block[:end]).count(part)
            rest = block[end:]
    return count + rest.count(part)


def report(bench: AuditBench, environment: dict, rows: int) -> str:
    lines = ["| command | runs | wall: best | rows a second | CPU | peak memory |", "|---|--:|--:|--:|--:|--:|"]
    for case, count in bench.cases:
        best = min(case.walls())
        speed = f"{count / best / MILLION:.2f} million" if count > 1 else ""
        lines.append(
            f"| {case.name} | {len(case.samples)} | {duration(best)} | {speed} | {duration(case.cpu())} | "
            f"{quantity(case.memory(), 'MB')} |"
        )
    lines += ["", "| target | limit | measured | |", "|---|--:|--:|---|"]
    for target in bench.targets:
        met = "met" if target.met() else "**missed**"
        lines.append(f"| {target.what} | {target.shown_limit} | {target.shown} | {met} |")
    lines += [f"| {what} | | {shown} | |" for what, shown in bench.figures]
    lines += ["", f"Where the CPU time of `codeyear audit` goes, {rows_text(rows)} rows, CSV to CSV:", ""]
    lines += ["| | CPU | share |", "|---|--:|--:|"]
    lines += [f"| {what} | {duration(seconds)} | {share:.0%} |" for what, seconds, share in bench.shares]
    lines += ["", "When to use which:", "", *bench.costs(rows), ""]
    spark = f", Spark {bench.spark_version}" if hasattr(bench, "spark_version") else ""
    lines.append(
        f"Whole processes on {environment['cores_used']} of {environment['cores']} cores of {environment['cpu']}, "
        f"{environment['system']}, files in the page cache, load average {environment['load_before']:.1f} before and "
        f"{environment['load_after']:.1f} after; wall times are the best of the runs, CPU times the median. Of the "
        f"ways to ask DuckDB and Polars the fastest on a million rows ran ({'; '.join(bench.lost)}). codeyear "
        f"{environment['codeyear']}, {', '.join(environment['peers'])}{spark} on Python {environment['python']}. Made "
        f"by `{environment['command']}`; what it measures is told in [benches/README.md](https://github.com/codeyear/codeyear/blob/main/benches/README.md)."
    )
    return "\n".join(lines)


def shown_command(arguments: argparse.Namespace) -> str:
    command = "python3 benches/audit.py"
    for name, given in vars(arguments).items():
        option = f" --{name.replace('_', '-')}"
        if given is True:
            command += option
        elif isinstance(given, int) and given is not False and name in ("rows", "runs"):
            command += f"{option} {given}"
    return command


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--releases", type=Path, metavar="FOLDER",
                        help="folder with icd10cm and icd10pcs [default: ../shared/releases]")  # fmt: skip
    parser.add_argument("--rows", type=int, metavar="N", help="claims to audit [default: 10000000]")
    parser.add_argument("--runs", type=int, metavar="N", help="runs of each command after a warm-up [default: 5]")
    parser.add_argument("--large", action="store_true", help="audit ten times as many rows too, once (10 GB of disk)")
    parser.add_argument("--no-spark", action="store_true", help="leave Spark out")
    parser.add_argument("--update-figures", action="store_true", help="replace the block in docs/figures.md")
    parser.add_argument("--cache", type=Path, metavar="FOLDER",
                        help="keep peers and results here [default: bench in cargo's target folder]")  # fmt: skip
    return parser.parse_args()


def run(arguments: argparse.Namespace) -> int:
    if arguments.update_figures:
        figures_parts(BEGIN, END)
        figures_parts(BEGIN, END, "README.md")
    releases = official_releases(arguments.releases)
    rows = arguments.rows or 10 * MILLION
    if rows < GROWTH:
        raise CannotMeasure(f"{rows} claims are too few")
    binary, target = build()
    cache = (arguments.cache or target / "bench").resolve()
    cache.mkdir(parents=True, exist_ok=True)
    python = install(cache / "venv-audit", *PEERS)
    work = cache / "audit-work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    cores_used = pin()
    runner = Runner(work)
    environment = machine(runner, binary, shown_command(arguments), cores_used)
    environment["peers"] = [one.replace("==", " ") for one in PEERS if not one.startswith("numpy")]
    try:
        database = work / "codeyear.db"
        folders = [str(releases / name) for name in ("icd10cm", "icd10pcs")]
        runner.output([str(binary), "--db", str(database), "import", *folders])
        bench = AuditBench(runner, binary, python, work, database, max(arguments.runs or 5, 2))
        bench.export()
        bench.one_row()
        bench.race(rows)
        bench.peers_small(rows)
        if not arguments.no_spark:
            bench.spark(rows)
        bench.growth(rows, arguments.large)
    finally:
        runner.close()
        shutil.rmtree(work, ignore_errors=True)
    environment["load_after"] = load()
    told = {
        "environment": environment,
        "commands": [{"command": case.name, "argv": case.argv, "rows": count, "peer": case.peer,
                      "runs": [asdict(sample) for sample in case.samples]} for case, count in bench.cases],
        "targets": [asdict(target) | {"met": target.met()} for target in bench.targets],
        "figures": dict(bench.figures),
        "shares": [{"what": what, "cpu": seconds, "share": share} for what, seconds, share in bench.shares],
        "ways": bench.lost,
    }  # fmt: skip
    note_load(environment)
    marks = (BEGIN, END) if arguments.update_figures else None
    if arguments.update_figures:
        update_figures(BEGIN, END, bench.readme(rows), "README.md")
    return finish(report(bench, environment, rows), told, cache / "audit.json", bench.targets, marks)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(parse_arguments())))
