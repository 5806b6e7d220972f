#!/usr/bin/env python3
"""Audits the same claims by `codeyear audit` and by the Spark job on a real local Spark, and compares row for row.

Codes of both code sets, every fourth row on the day on which its code changes or with something wrong with it, as CSV
and as Parquet; then labels of code sets, several columns of codes and every form of dates. Every column that is
written has to be the same in each row. Prints what a row costs each of the two. Exit code 0: no row differs. 1: some
do, and the first of them are shown. spark/run-tests.sh runs it.
"""

import argparse
import collections
import csv
import datetime
import itertools
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benches"))

import numpy as np  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402

import audit_claims  # noqa: E402
import claims  # noqa: E402

SEED = 20260401
TROUBLED = 4
# So many of a hundred codes are of ICD-10-PCS.
PROCEDURES = 15
# For this many rows on an edge there is one of each trouble.
EDGES = 30
SHOWN = 10
TENTH = 10
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Codes of other books, and what is none of any.
OTHERS = ["J1885", "99213", "0001F", "25000", "250.00", "V72.0", "E8490", "E849.0", "D0120", "486", "00.10", "V10"]
LABELS = [
    "", "", "", "", "NULL", "ICD-10-CM", "icd10cm", "10CM", "I10C", "ICD-10-CM (2021)", "ICD10CMFY2021", "ICD-10-PCS",
    "10PCS", "ICD-10", "10", "0", "10.0", "010", "9", "09.", "ICD-9-CM", "i9", "ICD9PROC", "CPT", "HCPCS", "SNOMED CT",
    "http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:2.16.840.1.113883.6.90", "2.16.840.1.113883.6.103",
    "http://snomed.info/sct|2021", "https://example.org/codes/ICD-9-CM/", "HTTP://HL7.org/fhir/sid/ICD-10",
    "http://hl7.org/fhir/sid/icd-10-cm/version/2021", "loinc.org/", "DX", "?", "1", "ABK", "BF", " 'ICD-10-CM' ",
    "[10]", "2021", "FY2021", "\u00a0ICD10\u3000", "ÍCD-10-CM", "11", "10.5", "x/y",
]  # fmt: skip


def slipped(code: str, pick) -> str:
    """Returns a code with one slip: a wrong, missing or surplus character, or two swapped."""
    at = pick(range(len(code)))
    before, one, rest = code[:at], code[at], code[at + 1 :]
    typed = pick(CHARACTERS)
    return before + pick([typed + rest, rest, typed + one + rest, rest[:1] + one + rest[1:]])


CODE_TROUBLES = [
    lambda code, pick: code.lower(),
    lambda code, pick: code.replace(".", ""),
    lambda code, pick: code.replace(".", "").lower(),
    lambda code, pick: f" {code} ",
    lambda code, pick: f"\t{code}\f",
    lambda code, pick: f"\u00a0{code}\u3000",
    lambda code, pick: f"\v{code}\u2003\u0085",
    lambda code, pick: "",
    lambda code, pick: "   ",
    lambda code, pick: "\u00a0",
    lambda code, pick: f"{code}.",
    lambda code, pick: f"{code[:3]}.",
    lambda code, pick: f".{code}",
    lambda code, pick: f"{code[:3]}..{code[4:]}",
    lambda code, pick: f"{code[:2]}.{code[2:]}",
    lambda code, pick: f"{code[:4]}.{code[4:]}",
    lambda code, pick: f"{code}X",
    lambda code, pick: f"{code}0000",
    lambda code, pick: code[:-1],
    lambda code, pick: code[:3],
    lambda code, pick: code[:2],
    lambda code, pick: code[:1],
    lambda code, pick: f"{code[:3]} {code[3:]}",
    lambda code, pick: code.replace(".", "-"),
    lambda code, pick: code.replace("0", "O"),
    lambda code, pick: code.replace("1", "I"),
    lambda code, pick: pick("0123456789") + code[1:],
    lambda code, pick: "".join(pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(3)),
    lambda code, pick: code[:1] + pick("éßİıſΑ٣") + code[2:],
    lambda code, pick: f"{code}\u0301",
    lambda code, pick: pick(["0", "unknown", "N/A", "NULL", "null", "none", "E11", "0016070", "XW0", "B33", "M25A"]),
    lambda code, pick: pick(OTHERS),
    lambda code, pick: f"\u00a0{pick(OTHERS).lower()} ",
    slipped,
    slipped,
    slipped,
    lambda code, pick: slipped(code, pick).lower().replace(".", ""),
    lambda code, pick: slipped(slipped(code, pick), pick),
    lambda code, pick: code[:3] + "." + pick(CHARACTERS) + pick(CHARACTERS),
    lambda code, pick: code[:6].rstrip("X"),
    lambda code, pick: code[:7].rstrip("."),
    lambda code, pick: pick(["-", ".", "\\", "ﬀ0", "#REF!"]),
    lambda code, pick: f'{code}"',
    lambda code, pick: f"{code},{code}",
    lambda code, pick: f"{code};\\",
]
DATE_TROUBLES = [
    lambda day, pick: "",
    lambda day, pick: "  ",
    lambda day, pick: f" {day}\t",
    lambda day, pick: f"{day}T08:30:00Z",
    lambda day, pick: f"{day} 08:30",
    lambda day, pick: f"{day}T",
    lambda day, pick: f"{day} noon",
    lambda day, pick: f"{day}x",
    lambda day, pick: day[:-1],
    lambda day, pick: day[:7],
    lambda day, pick: day.replace("-", "/"),
    lambda day, pick: day.replace("-", ""),
    lambda day, pick: f"{day[5:7]}/{day[8:]}/{day[:4]}",
    lambda day, pick: f"{day[:5]}00{day[7:]}",
    lambda day, pick: f"{day[:5]}13{day[7:]}",
    lambda day, pick: f"{day[:8]}00",
    lambda day, pick: f"{day[:8]}31",
    lambda day, pick: f"{day[:8]}32",
    lambda day, pick: f"{day[:4]}-02-{pick(['28', '29', '30'])}",
    lambda day, pick: pick(["2021-02-30", "2020-02-29", "2021-02-29", "1900-02-29", "2000-02-29", "2100-02-29"]),
    lambda day, pick: pick(["0000-01-01", "0001-01-01", "1582-10-10", "1989-12-31", "1990-01-01"]),
    lambda day, pick: pick(["2060-12-31", "2061-01-01", "9999-12-31"]),
    lambda day, pick: pick(["2013-10-01", "2014-09-30", "2015-09-30", "2015-10-01"]),
    lambda day, pick: pick(["2020-03-31", "2020-04-01", "2026-09-30", "2026-10-01"]),
    lambda day, pick: pick(["spring", "-", "NULL", "٢٠٢١-٠١-٠١", "\u00a02021-01-01"]),
    lambda day, pick: pick(["0000-00-00", "00000000", "0", "2021-00-10", "00/00/0000"]),
    lambda day, pick: day + pick([":08:30", " 08:30 PM", "T08:30:00.000+05:00", " 083000", "0830", ".0", "Z", " x"]),
]


COLUMNS = ("claim_id", "code", "second", "label", "service_date", "note")
ADDED = audit_claims.ADDED


class Differs(Exception):
    """Some rows differ; the text says which."""


def written(form: str, day: str) -> str:
    """A day in another form, troubles and all."""
    year, month, date, rest = day[:4], day[5:7], day[8:10], day[10:]
    if form == "us":
        return f"{month}/{date}/{year}{rest}"
    return f"{year}{month}{date}{rest}" if form == "compact" else day


def quoted(field: str) -> str:
    if any(character in field for character in '",'):
        return '"' + field.replace('"', '""') + '"'
    return field


def edges(source: claims.Claims) -> list[tuple[str, int]]:
    """Codes that begin, end or change, with the first day on which they do."""
    codes = source.dotted.view("S8").ravel().tolist()
    days = zip(codes, source.starts.tolist(), source.ends.tolist(), strict=True)
    found = {(code.decode(), day) for code, *both in days for day in both}
    return sorted(one for one in found if source.in_force < one[1] < source.covered_to) or [("C7B.00", source.in_force)]


def write_claims(sources: list[claims.Claims], path: Path, rows: int, form: str) -> set[str]:
    """Writes claims, every fourth with a trouble or on an edge; gives the numbers of those that Parquet cannot hold."""
    numbers = np.random.default_rng(SEED)
    chance = random.Random(SEED)
    pick = chance.choice
    ragged = set()
    changes = [edges(source) for source in sources]
    kinds = itertools.cycle(range(len(CODE_TROUBLES) + len(DATE_TROUBLES) + 4 + EDGES))
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(",".join(COLUMNS) + "\n")
        for first in range(0, rows, claims.ROWS_AT_ONCE):
            count = min(claims.ROWS_AT_ONCE, rows - first)
            drawn = []
            for source in sources:
                codes, days = map(np.ascontiguousarray, source.draw(numbers, count))
                texts = (part.view(f"S{part.shape[1]}").ravel().tolist() for part in (codes, days))
                drawn.append(list(zip(*texts, strict=True)))
            for at in range(first, first + count):
                of_set = len(sources) > 1 and chance.random() * 100 < PROCEDURES
                (code, day), (second, _) = drawn[of_set][at - first], drawn[-1 if at % 2 else 0][at - first - 1]
                code, second, day, label = code.decode(), second.decode(), written(form, day.decode()), pick(LABELS)
                if at % TROUBLED:
                    out.write(f"{at},{code},{second},{label},{day},\n")
                    continue
                kind = next(kinds)
                others = kind - len(CODE_TROUBLES) - len(DATE_TROUBLES)
                note = pick(["", "a, b", 'said "so"'])
                second = pick(CODE_TROUBLES)(second, pick) if chance.random() < 0.5 else second
                if kind < len(CODE_TROUBLES):
                    code = CODE_TROUBLES[kind](code, pick)
                elif others >= 4:
                    code, first_day = pick(changes[of_set])
                    day = datetime.date.fromordinal(first_day + pick([-1, 0, 0, 1])).isoformat()
                    day = written(form, day)
                elif others < 0:
                    day = DATE_TROUBLES[kind - len(CODE_TROUBLES)](day, pick)
                elif others == 0:
                    out.write(f'"{at}","{code}","","{label}","{day}",""\n')
                    continue
                elif others == 1:
                    code, day = pick(CODE_TROUBLES)(code, pick), pick(DATE_TROUBLES)(day, pick)
                else:
                    ragged.add(str(at))
                    end = pick([f"{day}", f"{day},,more", f"{day},, ,", None]) if others == 2 else f"{day},,"
                    row = f"{at},{code},,{label},{end}" if end else pick([f"{at},{code}", f"{at}", f'{at},"{code}",""'])
                    out.write(f"{row}\n")
                    continue
                out.write(",".join([str(at), *map(quoted, (code, second, label, day, note))]) + "\n")
    return ragged


def run(argv: list[str]) -> None:
    # Some codes are not valid and some rows cannot be read: 1 and 2 are what is to be expected.
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, 2) or done.stderr.startswith("error"):
        raise SystemExit(f"{argv}: exit code {done.returncode}\n{done.stderr}")


# A row as it is compared: what was found, and its own columns.
Row = tuple[tuple[str, ...], tuple[str, ...]]
# Seconds that went by, and seconds of all processors.
Cost = tuple[float, float]


def rows_of(paths: list[Path], codes: list[str]) -> list[Row]:
    """Reads the rows of annotated files; what is found of many rows is kept once."""
    names, seen, rows = list(audit_claims.added_names(codes)), {}, []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as lines:
            table = csv.reader(lines)
            header = next(table)
            added, own = ([header.index(name) for name in wanted] for wanted in (names, COLUMNS))
            for row in table:
                found = tuple(row[at] for at in added)
                rows.append((seen.setdefault(found, found), tuple(row[at] for at in own)))
    return rows


def compare(what: str, audit: list[Row], job: list[Row], left_out: set[str]) -> None:
    by_number = {own[0]: (found, own) for found, own in job}
    if len(by_number) != len(job):
        raise Differs(f"{what}: the job wrote {len(job) - len(by_number)} rows twice")
    expected = {str(at): row for at, row in enumerate(audit) if str(at) not in left_out}
    if expected.keys() != by_number.keys():
        missing = sorted(expected.keys() - by_number.keys())[:SHOWN]
        more = sorted(by_number.keys() - expected.keys())[:SHOWN]
        raise Differs(f"{what}: {len(expected)} rows expected, {len(job)} found; missing {missing}, too many {more}")

    def is_same(at: str) -> bool:
        found, own = expected[at]
        # Of a row that cannot be taken apart audit writes no column of its own.
        return found == by_number[at][0] and (own == by_number[at][1] or not any(own))

    different = [at for at in expected if not is_same(at)]
    if different:
        both = ((at, expected[at], by_number[at]) for at in different[:SHOWN])
        shown = "\n".join(f"  row {at}:\n    audit {one}\n    job   {other}" for at, one, other in both)
        raise Differs(f"{what}: {len(different)} of {len(expected)} rows differ\n{shown}")
    verdicts = collections.Counter(found[0] or "no code" for found, _ in expected.values())
    reasons = len({found for found, _ in expected.values()})
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in verdicts.most_common())
    print(f"{what}: {len(expected):,} rows, 0 differ ({counts}; {reasons:,} different findings)", flush=True)


class Test:
    """One database, its exports, and a Spark that was started once."""

    def __init__(self, spark: SparkSession, codeyear: list[str], folder: Path):
        self.spark, self.codeyear, self.folder = spark, codeyear, folder
        for what, end in itertools.product(("findings", "periods", "labels"), ("parquet", "csv")):
            run([*codeyear, "export", what, "-o", str(folder / f"{what}.{end}")])
        run([*codeyear, "export", "spans", "-o", str(folder / "spans.csv")])

    def source(self, code_set: str) -> claims.Claims:
        return claims.Claims(self.folder / "spans.csv", self.folder / "periods.csv", code_set)

    def job(
        self, claims_path: Path, name: str, codes: list[str], exports: str, more: list[str]
    ) -> tuple[list[Row], Cost]:
        output = self.folder / name
        started = time.perf_counter(), self.processor_seconds()
        audit_claims.run(self.spark, [
            "--claims", str(claims_path), "--code-column", ",".join(codes), "--date-column", "service_date",
            *more, "--format", "csv", "--output", str(output),
            *(part for what in ("findings", "periods", "labels")
              for part in (f"--{what}", str(self.folder / f"{what}.{exports}"))),
        ])  # fmt: skip
        cost = time.perf_counter() - started[0], self.processor_seconds() - started[1]
        print(f"  {name}: the job took {cost[0]:.1f} s", flush=True)
        names = [code.partition("=")[0] for code in codes]
        return rows_of(sorted(output.glob("part-*.csv")), names), cost

    def processor_seconds(self) -> float:
        """Returns the time that Spark's own process has had on all processors, as Linux tells it."""
        told = Path(f"/proc/{self.spark.sparkContext._gateway.proc.pid}/stat").read_text(encoding="utf-8")
        user, system = told.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def audit(self, table: Path, name: str, codes: list[str], more: list[str]) -> tuple[list[Row], Cost]:
        audited = self.folder / f"{name}-audited.csv"
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run([*self.codeyear, "audit", str(table), "--code", ",".join(codes), "--date", "service_date", *more,
             "--keep", "all", "-o", str(audited)])  # fmt: skip
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        cost = seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        names = [code.partition("=")[0] for code in codes]
        return rows_of([audited], names), cost

    def case(self, name: str, rows: int, sets: list[str], form: str, codes: list[str], more: list[str]) -> list[Cost]:
        """Compares both ways to read the same claims; gives what audit and the job took for CSV."""
        table = self.folder / f"{name}.csv"
        ragged = write_claims([self.source(code_set) for code_set in sets], table, rows, form)
        more = ["--date-format", form, *more]
        audit, by_audit = self.audit(table, name, codes, more)
        if len(audit) != rows:
            raise Differs(f"{name}: codeyear audit wrote {len(audit)} rows of {rows}")
        job, by_job = self.job(table, f"{name}-from-csv", codes, "parquet", more)
        compare(f"{name}, CSV", audit, job, set())
        whole = audit_claims.read_claims(self.spark, str(table), "csv", ",")
        whole = whole.where(F.col(audit_claims.CORRUPT).isNull()).drop(audit_claims.CORRUPT)
        columnar = self.folder / f"{name}.parquet"
        whole.write.parquet(str(columnar))
        job, _ = self.job(columnar, f"{name}-from-parquet", codes, "csv", more)
        compare(f"{name}, Parquet", audit, job, ragged)
        return [by_audit, by_job]

    def dates(self) -> None:
        """Columns that hold dates and times of day, not text: times of a zone count by the day there."""
        source = self.spark.read.parquet(str(self.folder / "mixed-tenth.parquet"))
        is_day = F.col("service_date").rlike(r"\A(?:19|20)[0-9]{2}-(0[1-9]|1[012])-(0[1-9]|1[0-9]|2[0-8])\z")
        source = source.where(is_day).limit(20_000).cache()
        new_york, tokyo = "America/New_York", "Asia/Tokyo"
        for kind, zone, stored in (
            ("date", "UTC", "INT96"),
            ("timestamp", new_york, "INT96"),
            ("timestamp", tokyo, "TIMESTAMP_MICROS"),
            ("timestamp_ntz", tokyo, "INT96"),
        ):
            path = self.folder / f"claims-{kind}-{stored}"
            self.spark.conf.set("spark.sql.session.timeZone", zone)
            self.spark.conf.set("spark.sql.parquet.outputTimestampType", stored)
            day = F.col("service_date").cast(kind)
            later = day if kind == "date" else day + F.expr("make_dt_interval(0, cast(claim_id % 24 as int))")
            source.withColumn("service_date", later).coalesce(1).write.parquet(str(path))
            [file] = path.glob("*.parquet")
            audited = self.folder / f"{path.name}-audited.parquet"
            run([*self.codeyear, "audit", str(file), "--code", "code", "--date", "service_date", "--keep", "all",
                 "-o", str(audited)])  # fmt: skip
            rows = self.spark.read.parquet(str(audited)).select("claim_id", *ADDED).collect()
            audit = {row[0]: tuple("" if cell is None else str(cell) for cell in row[1:]) for row in rows}
            job, _ = self.job(path, f"{path.name}-job", ["code"], "parquet", [])
            self.compare_found(f"a column of type {kind}, written in {zone}", audit, job)
        source.unpersist()

    @staticmethod
    def compare_found(what: str, audit: dict[str, tuple[str, ...]], job: list[Row]) -> None:
        """Compares what is found, whatever the columns of the claims look like."""
        found = {own[0]: found for found, own in job}
        if found != audit:
            different = [at for at in audit if audit[at] != found.get(at)]
            shown = "\n".join(f"  row {at}: audit {audit[at]}, job {found.get(at)}" for at in different[:SHOWN])
            raise Differs(f"{what}: {len(different)} rows differ\n{shown}")
        print(f"{what}: {len(audit):,} rows, 0 differ", flush=True)


def costs(rows: int, few: list[Cost], many: list[Cost]) -> None:
    """Prints what a row more costs, by the difference between two sizes, and what a whole run does."""
    for name, least, most in zip(("codeyear audit", "the job"), few, many, strict=True):
        wall, processor = ((many - few) / (rows - rows // TENTH) * 1e6 for few, many in zip(least, most, strict=True))
        print(f"{name}: {rows:,} rows in {most[0]:.1f} s; each row more {wall:.2f} microseconds, "
              f"{processor:.2f} of a processor", flush=True)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--codeyear", required=True, metavar="PROGRAM")
    parser.add_argument("--db", required=True, metavar="FILE", help="a database with releases of both code sets")
    parser.add_argument("--rows", type=int, default=200_000, metavar="N", help="[default: 200000]")
    args = parser.parse_args()
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("codeyear audit test")
        .config("spark.ui.enabled", False)
        .config("spark.ui.showConsoleProgress", False)
        .config("spark.driver.memory", "2g")
        .config("spark.sql.shuffle.partitions", 4)
        .config("spark.sql.legacy.parquet.nanosAsLong", True)
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    version = spark.version
    try:
        with tempfile.TemporaryDirectory(prefix="codeyear-spark-") as folder:
            test = Test(spark, [args.codeyear, "--db", args.db], Path(folder))
            both = ["icd10cm", "icd10pcs"]
            tenth = args.rows // TENTH
            test.case("labelled", tenth, both, "us", ["code", "second"], ["--code-set-by", "label"])
            test.case("stated", tenth, both[1:], "compact", ["code", "second=icd10cm"], ["--code-set", "icd10pcs"])
            few = test.case("mixed-tenth", tenth, both, "iso", ["code"], [])
            test.dates()
            many = test.case("mixed", args.rows, both, "iso", ["code"], [])
            costs(args.rows, few, many)
    except Differs as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        spark.stop()
    print(f"Spark {version}: every row has the columns that codeyear audit writes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
