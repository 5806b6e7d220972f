#!/usr/bin/env python3
"""Audits claims on Spark: each code gets the verdict and the release that `codeyear audit` gives.

Reads claims as Parquet or CSV and the spans and periods that `codeyear export` wrote, sends the two small tables
to every worker, and joins: no row of the claims moves, and no row passes through Python. The rules are those of
`model::judge` and `model::parse_code`; spark/README.md says what is the same and what is not.

    codeyear export spans --format parquet -o spans.parquet
    codeyear export periods --format parquet -o periods.parquet
    spark-submit audit_claims.py --claims claims.parquet --code-column dx --date-column service_date \\
        --spans spans.parquet --periods periods.parquet --output audited
"""

import argparse
import sys

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DateType, StringType, StructField, StructType, TimestampType

# What stands around a field of a table, and what Unicode calls blank: a code may stand between either.
ASCII_BLANK = " \t\n\r\f"
BLANK = ASCII_BLANK + "\v\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
# A letter, then two characters of which one is a digit; the dot behind the third character and not at the end.
SHAPES = {
    "icd10cm": r"\A[A-Za-z](?:[0-9][A-Za-z0-9]|[A-Za-z][0-9])(?:\.?[A-Za-z0-9]{1,4})?\z",
    "icd10pcs": r"\A[0-9A-HJ-NP-Za-hj-np-z]{3}(?:[0-9A-HJ-NP-Za-hj-np-z]{4})?\z",
}
DATE_FORMATS = {
    "iso": r"\A([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ][0-9:.+\-Z]+)?\z",
    "us": r"\A([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})\z",
    "compact": r"\A([0-9]{4})([0-9]{2})([0-9]{2})\z",
}
# The columns that the job adds on the way and takes away again; no table of claims has such names.
CORRUPT, CODE, KNOWN, DAY = "__corrupt", "__code", "__known", "__day"
STATE, FROM, TO, RELEASE, GOVERNED = "__state", "__from", "__to", "__release", "__governed"


class Wrong(Exception):
    """What keeps the job from running; its text is for the user."""


def days_as_number(date: Column) -> Column:
    """A date as the number 20260301: it compares as dates do, and no calendar can fail on it."""
    return F.year(date) * 10000 + F.month(date) * 100 + F.dayofmonth(date)


def trimmed(text: Column, blanks: str) -> Column:
    """Text without the blanks around it."""
    return F.btrim(text, F.lit(blanks))


def day_of(frame: DataFrame, name: str, date_format: str) -> Column:
    """The day of a column as a number; null if it is empty, of another form or no day of the calendar."""
    column = F.col(f"`{name}`")
    if isinstance(frame.schema[name].dataType, (DateType, TimestampType)):
        return days_as_number(column)
    text = trimmed(column.cast("string"), ASCII_BLANK)
    if date_format == "us":
        pattern = DATE_FORMATS["us"]
        month, day, year = (F.regexp_extract(text, pattern, group) for group in (1, 2, 3))
    elif date_format == "compact":
        year, month, day = F.substring(text, 1, 4), F.substring(text, 5, 2), F.substring(text, 7, 2)
    else:
        year, month, day = F.substring(text, 1, 4), F.substring(text, 6, 2), F.substring(text, 9, 2)
    is_form = text.rlike(DATE_FORMATS[date_format])
    # A cast of what is no number would end the job, so only what has the form is cast.
    year, month, day = (F.when(is_form, part.cast("int")) for part in (year, month, day))
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    last = F.when(month.isin(4, 6, 9, 11), 30).when(month != 2, 31).when(leap, 29).otherwise(28)
    is_day = month.between(1, 12) & (day >= 1) & (day <= last)
    return F.when(is_day, year * 10000 + month * 100 + day)


def lives(spans: DataFrame, code_set: str) -> DataFrame:
    """What a code is on every day that a release governs: a row for each stretch, and no day in two of them.

    Before the first span it is yet to come; between spans and after the last one it is deleted.
    """
    spans = spans.where(F.col("code_set") == code_set).select(
        F.col("code_plain").alias(KNOWN),
        F.when(F.col("billable"), "billable").otherwise("header").alias(STATE),
        days_as_number(F.col("valid_from")).alias(FROM),
        days_as_number(F.col("valid_to")).alias(TO),
    )
    by_day = Window.partitionBy(KNOWN).orderBy(FROM)
    following = F.lead(FROM).over(by_day)
    first = spans.groupBy(KNOWN).agg(F.min(FROM).alias(TO))
    to_come = first.select(KNOWN, F.lit("not-yet-effective").alias(STATE), F.lit(0).alias(FROM), TO)
    gone = spans.select(
        KNOWN,
        F.lit("deleted").alias(STATE),
        F.col(TO).alias(FROM),
        F.coalesce(following, F.lit(99999999)).alias(TO),
    ).where(F.col(FROM) < F.col(TO))
    return spans.unionByName(to_come).unionByName(gone)


def governed_days(periods: DataFrame, code_set: str) -> DataFrame:
    """A row for each day that a release governs: looking a day up costs the same however many releases there are."""
    last = F.date_sub(F.col("governs_to"), 1)
    days = F.explode(F.sequence(F.col("governs_from"), last)).alias("date")
    periods = periods.where(F.col("code_set") == code_set).select(days, F.col("release").alias(RELEASE))
    return periods.select(days_as_number(F.col("date")).alias(GOVERNED), RELEASE)


def in_force_from(periods: DataFrame, code_set: str) -> int:
    """The first day on which the code set was in force, as a number."""
    of_set = periods.where(F.col("code_set") == code_set)
    row = of_set.select(days_as_number(F.col("in_force_from")).alias(DAY)).first()
    if row is None:
        raise Wrong(f"the periods hold no release of {code_set}: export them from a database that does")
    return row[DAY]


def audited(
    claims: DataFrame,
    spans: DataFrame,
    periods: DataFrame,
    code_column: str,
    date_column: str,
    code_set: str = "icd10cm",
    date_format: str = "iso",
) -> DataFrame:
    """The claims with the columns `verdict` and `release`.

    Both are null where there is no code. `release` is null too where no release is in force or governs the day.
    """
    code = F.col(f"`{code_column}`").cast("string")
    # A row that Spark could not take apart has a text here.
    is_whole = F.col(CORRUPT).isNull() if CORRUPT in claims.columns else F.lit(True)
    text = trimmed(code, BLANK)
    prepared = claims.withColumns(
        {
            CODE: F.when(text.rlike(SHAPES[code_set]), F.upper(F.replace(text, F.lit("."), F.lit("")))),
            DAY: day_of(claims, date_column, date_format),
        }
    )
    first_day = in_force_from(periods, code_set)
    life = F.broadcast(lives(spans, code_set))
    governed = F.broadcast(governed_days(periods, code_set))
    on_its_day = (F.col(CODE) == F.col(KNOWN)) & (F.col(FROM) <= F.col(DAY)) & (F.col(DAY) < F.col(TO))
    joined = prepared.join(life, on_its_day, "left").join(governed, F.col(DAY) == F.col(GOVERNED), "left")
    is_blank = trimmed(code, ASCII_BLANK) == ""
    verdict = (
        F.when(~is_whole, "unreadable")
        .when(code.isNull() | is_blank, None)
        .when(F.col(DAY).isNull(), "unreadable")
        .when(F.col(CODE).isNull(), "unknown")
        .when(F.col(DAY) < first_day, "not-in-force")
        .when(F.col(RELEASE).isNull(), "not-covered")
        .otherwise(F.coalesce(F.col(STATE), F.lit("unknown")))
    )
    # Of a text that is no code, audit names the release published for the day, in force or not.
    is_told = is_whole & code.isNotNull() & ~is_blank & (F.col(CODE).isNull() | (F.col(DAY) >= first_day))
    release = F.when(is_told, F.col(RELEASE))
    kept = [F.col(f"`{name}`") for name in claims.columns if name != CORRUPT]
    return joined.select(*kept, verdict.alias("verdict"), release.alias("release"))


def read_table(spark: SparkSession, path: str) -> DataFrame:
    """Reads an export: Parquet, or CSV by its name."""
    if not path.endswith(".csv"):
        return spark.read.parquet(path)
    frame = spark.read.option("header", True).csv(path)
    days = [name for name in frame.columns if name.startswith(("valid_", "governs_", "in_force_"))]
    frame = frame.withColumns({name: F.col(name).cast("date") for name in days})
    if "billable" in frame.columns:
        frame = frame.withColumn("billable", F.col("billable").isin("1", "true"))
    return frame


def read_claims(spark: SparkSession, path: str, claims_format: str | None, delimiter: str) -> DataFrame:
    """Reads claims: every column as it stands, and in CSV each row that has more or fewer fields than the header."""
    if claims_format is None:
        claims_format = "csv" if path.endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst")) else "parquet"
    if claims_format == "parquet":
        return spark.read.parquet(path)
    # A quote within quotes is written twice; Spark alone would look for a backslash.
    options = {"header": True, "sep": delimiter, "quote": '"', "escape": '"', "mode": "PERMISSIVE"}
    names = spark.read.options(**options).csv(path).columns
    # Spark would not see that a field is missing or too many if it reads only the columns that are used.
    spark.conf.set("spark.sql.csv.parser.columnPruning.enabled", False)
    fields = [StructField(name, StringType()) for name in [*names, CORRUPT]]
    return spark.read.options(columnNameOfCorruptRecord=CORRUPT, **options).schema(StructType(fields)).csv(path)


def write(frame: DataFrame, output: str, output_format: str, mode: str) -> None:
    writer = frame.write.mode(mode)
    if output_format == "csv":
        # Fields are written as they stand: blanks stay, and what is empty is not two quotes.
        writer = writer.options(header=True, quote='"', escape='"', emptyValue="",
                                ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False)  # fmt: skip
        writer.csv(output)
    else:
        writer.parquet(output)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--claims", required=True, metavar="PATH", help="claims: a file or folder, Parquet or CSV")
    parser.add_argument("--claims-format", choices=["parquet", "csv"], help="[default: told by the name]")
    parser.add_argument("--delimiter", default=",", metavar="CHARACTER", help="between fields of CSV [default: ,]")
    parser.add_argument("--code-column", required=True, metavar="COLUMN")
    parser.add_argument("--date-column", required=True, metavar="COLUMN", help="the date of service, or of discharge")
    parser.add_argument("--date-format", choices=sorted(DATE_FORMATS), default="iso",
                        help="YYYY-MM-DD, MM/DD/YYYY, YYYYMMDD; columns of dates need none [default: iso]")  # fmt: skip
    parser.add_argument("--code-set", choices=sorted(SHAPES), default="icd10cm", help="[default: icd10cm]")
    parser.add_argument("--spans", required=True, metavar="FILE", help="from codeyear export spans")
    parser.add_argument("--periods", required=True, metavar="FILE", help="from codeyear export periods")
    parser.add_argument("--output", required=True, metavar="FOLDER")
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet", help="[default: parquet]")
    parser.add_argument("--overwrite", action="store_true", help="replace the output if it is there")
    return parser.parse_args(arguments)


def run(spark: SparkSession, arguments: list[str] | None = None) -> None:
    args = parse_arguments(arguments)
    claims = read_claims(spark, args.claims, args.claims_format, args.delimiter)
    for name in (args.code_column, args.date_column):
        if name not in claims.columns:
            found = ", ".join(column for column in claims.columns if column != CORRUPT)
            raise Wrong(f"the claims have no column {name}; they have {found}")
    for name in ("verdict", "release"):
        if name in claims.columns:
            raise Wrong(f"the claims have a column {name} already: rename it")
    spans, periods = read_table(spark, args.spans), read_table(spark, args.periods)
    result = audited(claims, spans, periods, args.code_column, args.date_column, args.code_set, args.date_format)
    write(result, args.output, args.format, "overwrite" if args.overwrite else "errorifexists")


def main() -> int:
    spark = SparkSession.builder.appName("codeyear audit").getOrCreate()
    try:
        run(spark)
    except Wrong as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
