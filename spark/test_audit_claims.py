#!/usr/bin/env python3
"""Audits the same claims by `codeyear audit` and by the Spark job on a real local Spark, and compares row for row.

A million rows, as CSV and as Parquet, every fourth on the day on which its code changes or with something wrong with
it; then both code sets and every form of dates. Exit code 0: no row differs. 1: some do, and the first of them are
shown. spark/run-tests.sh runs it.
"""

import argparse
import csv
import datetime
import itertools
import random
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
# For this many rows on an edge there is one of each trouble.
EDGES = 30
SHOWN = 10

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
    lambda code, pick: pick(["0", "unknown", "N/A", "NULL", "null", "none", "V72.0", "250.00", "E11", "0016070"]),
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
]


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


def write_claims(source: claims.Claims, path: Path, rows: int, form: str) -> set[str]:
    """Writes claims, every fourth with a trouble or on an edge; gives the numbers of those that Parquet cannot hold."""
    numbers = np.random.default_rng(SEED)
    chance = random.Random(SEED)
    pick = chance.choice
    ragged = set()
    changes = edges(source)
    kinds = itertools.cycle(range(len(CODE_TROUBLES) + len(DATE_TROUBLES) + 4 + EDGES))
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write("claim_id,code,service_date,note\n")
        for first in range(0, rows, claims.ROWS_AT_ONCE):
            count = min(claims.ROWS_AT_ONCE, rows - first)
            drawn = map(np.ascontiguousarray, source.draw(numbers, count))
            codes, days = (part.view(f"S{part.shape[1]}").ravel() for part in drawn)
            for at, (code, day) in enumerate(zip(codes.tolist(), days.tolist(), strict=True), first):
                code, day = code.decode(), written(form, day.decode())
                if at % TROUBLED:
                    out.write(f"{at},{code},{day},\n")
                    continue
                kind = next(kinds)
                others = kind - len(CODE_TROUBLES) - len(DATE_TROUBLES)
                note = pick(["", "a, b", 'said "so"'])
                if kind < len(CODE_TROUBLES):
                    code = CODE_TROUBLES[kind](code, pick)
                elif others >= 4:
                    code, first_day = pick(changes)
                    day = datetime.date.fromordinal(first_day + pick([-1, 0, 0, 1])).isoformat()
                    day = written(form, day)
                elif others < 0:
                    day = DATE_TROUBLES[kind - len(CODE_TROUBLES)](day, pick)
                elif others == 0:
                    out.write(f'"{at}","{code}","{day}",""\n')
                    continue
                elif others == 1:
                    code, day = pick(CODE_TROUBLES)(code, pick), pick(DATE_TROUBLES)(day, pick)
                else:
                    ragged.add(str(at))
                    out.write(f"{at},{code},{day}\n" if others == 2 else f"{at},{code},{day},,more\n")
                    continue
                out.write(f"{at},{quoted(code)},{quoted(day)},{quoted(note)}\n")
    return ragged


def run(argv: list[str]) -> None:
    # Some codes are not valid and some rows cannot be read: 1 and 2 are what is to be expected.
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1, 2) or done.stderr.startswith("error"):
        raise SystemExit(f"{argv}: exit code {done.returncode}\n{done.stderr}")


def by_audit(path: Path) -> list[tuple[str, str]]:
    """Verdict and release of each row, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        names = next(rows)
        verdict, release = names.index("verdict"), names.index("release")
        return [(row[verdict], row[release]) for row in rows]


def by_job(folder: Path) -> dict[str, tuple[str, str, str, str]]:
    """Verdict, release, code and date of each row, by its number."""
    found = {}
    for part in sorted(folder.glob("part-*.csv")):
        with part.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                if row["claim_id"] in found:
                    raise Differs(f"the job wrote row {row['claim_id']} twice")
                found[row["claim_id"]] = (row["verdict"], row["release"], row["code"], row["service_date"])
    return found


def compare(what: str, audit: list[tuple[str, str]], job: dict, left_out: set[str]) -> None:
    expected = {str(at): told for at, told in enumerate(audit) if str(at) not in left_out}
    if expected.keys() != job.keys():
        missing = sorted(expected.keys() - job.keys())[:SHOWN]
        more = sorted(job.keys() - expected.keys())[:SHOWN]
        raise Differs(f"{what}: {len(expected)} rows expected, {len(job)} found; missing {missing}, too many {more}")
    different = [at for at, told in expected.items() if told != job[at][:2]]
    if different:
        shown = "\n".join(f"  row {at}: audit {expected[at]}, job {job[at]}" for at in different[:SHOWN])
        raise Differs(f"{what}: {len(different)} of {len(expected)} rows differ\n{shown}")
    verdicts: dict[str, int] = {}
    for verdict, _ in expected.values():
        verdicts[verdict or "no code"] = verdicts.get(verdict or "no code", 0) + 1
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items(), key=lambda one: -one[1]))
    print(f"{what}: {len(expected):,} rows, 0 differ ({counts})", flush=True)


class Test:
    """One database, its exports, and a Spark that was started once."""

    def __init__(self, spark: SparkSession, codeyear: list[str], folder: Path):
        self.spark, self.codeyear, self.folder = spark, codeyear, folder
        for what, end in itertools.product(("spans", "periods"), ("parquet", "csv")):
            run([*codeyear, "export", what, "--format", end, "-o", str(folder / f"{what}.{end}")])

    def job(self, claims_path: Path, name: str, code_set: str, form: str, exports: str) -> dict:
        output = self.folder / name
        started = time.perf_counter()
        audit_claims.run(self.spark, [
            "--claims", str(claims_path), "--code-column", "code", "--date-column", "service_date",
            "--date-format", form, "--code-set", code_set, "--format", "csv", "--output", str(output),
            "--spans", str(self.folder / f"spans.{exports}"), "--periods", str(self.folder / f"periods.{exports}"),
        ])  # fmt: skip
        print(f"  the job took {time.perf_counter() - started:.1f} s", flush=True)
        return by_job(output)

    def case(self, rows: int, code_set: str, form: str) -> None:
        name = f"{code_set}-{form}"
        source = claims.Claims(self.folder / "spans.csv", self.folder / "periods.csv", code_set)
        table = self.folder / f"{name}.csv"
        ragged = write_claims(source, table, rows, form)
        audited = self.folder / f"{name}-audited.csv"
        run([*self.codeyear, "audit", str(table), "--code", "code", "--date", "service_date", "--code-set", code_set,
             "--date-format", form, "--keep", "all", "-o", str(audited)])  # fmt: skip
        audit = by_audit(audited)
        if len(audit) != rows:
            raise Differs(f"{name}: codeyear audit wrote {len(audit)} rows of {rows}")
        compare(f"{name}, CSV", audit, self.job(table, f"{name}-from-csv", code_set, form, "parquet"), set())
        whole = audit_claims.read_claims(self.spark, str(table), "csv", ",")
        whole = whole.where(F.col(audit_claims.CORRUPT).isNull()).drop(audit_claims.CORRUPT)
        columnar = self.folder / f"{name}.parquet"
        whole.write.parquet(str(columnar))
        compare(f"{name}, Parquet", audit, self.job(columnar, f"{name}-from-parquet", code_set, form, "csv"), ragged)

    def dates(self) -> None:
        """Columns that hold dates and times of day, not text."""
        source = self.spark.read.parquet(str(self.folder / "icd10cm-iso.parquet"))
        is_day = F.col("service_date").rlike(r"\A[12][0-9]{3}-(0[1-9]|1[012])-(0[1-9]|1[0-9]|2[0-8])\z")
        source = source.where(is_day).limit(50_000).cache()
        told = {}
        for kind in ("string", "date", "timestamp"):
            path = self.folder / f"claims-{kind}.parquet"
            source.withColumn("service_date", F.col("service_date").cast(kind)).write.parquet(str(path))
            found = self.job(path, f"claims-{kind}", "icd10cm", "iso", "parquet")
            told[kind] = {at: row[:2] for at, row in found.items()}
        source.unpersist()
        for kind in ("date", "timestamp"):
            if told[kind] != told["string"]:
                raise Differs(f"a column of {kind}s gives other verdicts than its text")
        print(f"columns of dates and timestamps: {len(told['string']):,} rows each, 0 differ", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--codeyear", required=True, metavar="PROGRAM")
    parser.add_argument("--db", required=True, metavar="FILE", help="a database with releases of both code sets")
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="[default: 1000000]")
    args = parser.parse_args()
    spark = (
        SparkSession.builder.master("local[2]")
        .appName("codeyear audit test")
        .config("spark.ui.enabled", False)
        .config("spark.ui.showConsoleProgress", False)
        .config("spark.driver.memory", "2g")
        .config("spark.sql.shuffle.partitions", 4)
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    version = spark.version
    try:
        with tempfile.TemporaryDirectory(prefix="codeyear-spark-") as folder:
            test = Test(spark, [args.codeyear, "--db", args.db], Path(folder))
            test.case(args.rows, "icd10cm", "iso")
            test.case(args.rows // 10, "icd10cm", "us")
            test.case(args.rows // 10, "icd10pcs", "compact")
            test.dates()
    except Differs as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        spark.stop()
    print(f"Spark {version}: every row has the verdict and the release of codeyear audit")
    return 0


if __name__ == "__main__":
    sys.exit(main())
