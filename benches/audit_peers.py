"""Judges a table of claims by DuckDB or Polars, as the benchmark of the audit runs them: one process, one answer.

Both take the table as it is and the exported spans as Parquet, bring codes to one spelling, and join on the code and
the day. They tell billable, header and neither; `codeyear audit` tells the seven verdicts, the release and what to
use instead, so they do a part of its work.
"""

import argparse
import sys

# Before this day no code was in force, whatever was published.
SPANS = """
    SELECT code_plain, greatest(valid_from, first_day) AS valid_from, valid_to, billable
    FROM read_parquet('{spans}'), (SELECT min(in_force_from) AS first_day FROM read_parquet('{periods}')
                                   WHERE code_set = 'icd10cm')
    WHERE code_set = 'icd10cm' AND valid_to > first_day
"""
CLAIMS = """read_csv('{claims}', header = true, delim = ',', auto_detect = false,
    columns = {{'claim_id': 'VARCHAR', 'code': 'VARCHAR', 'service_date': 'DATE'}})"""
# Nothing is read as a date: days of this form are in the same order as texts.
CLAIMS_AS_TEXT = "read_csv('{claims}', header = true, delim = ',', all_varchar = true)"
SPANS_AS_TEXT = """SELECT code_plain, valid_from::VARCHAR AS valid_from, valid_to::VARCHAR AS valid_to, billable
    FROM ({spans})"""
VERDICT = "CASE WHEN billable THEN 'billable' WHEN billable IS NOT NULL THEN 'header' END"
RANGE_JOIN = """{claims} AS claim LEFT JOIN spans
    ON code_plain = replace(code, '.', '') AND service_date >= valid_from AND service_date < valid_to"""
ASOF_JOIN = """{claims} AS claim ASOF LEFT JOIN spans
    ON code_plain = replace(code, '.', '') AND service_date >= valid_from"""
ASOF_VERDICT = "CASE WHEN service_date < valid_to THEN " + VERDICT + " END"


def by_duckdb(arguments: argparse.Namespace) -> None:
    import duckdb

    database = duckdb.connect()
    database.execute(f"SET threads = {arguments.threads}")
    database.execute(f"SET preserve_insertion_order = {'true' if arguments.ordered else 'false'}")
    as_text, asof = arguments.way == "text", arguments.way == "asof"
    spans = SPANS.format(spans=arguments.spans, periods=arguments.periods)
    spans = SPANS_AS_TEXT.format(spans=spans) if as_text else spans
    database.execute(f"CREATE TEMP TABLE spans AS {spans}")
    claims = (CLAIMS_AS_TEXT if as_text else CLAIMS).format(claims=arguments.claims)
    joined = (ASOF_JOIN if asof else RANGE_JOIN).format(claims=claims)
    verdict = ASOF_VERDICT if asof else VERDICT
    if arguments.output:
        columns = ", ".join(arguments.columns)
        query = f"SELECT {columns}, {verdict} AS verdict FROM {joined}"
        database.execute(f"COPY ({query}) TO '{arguments.output}' (FORMAT csv, HEADER)")
    else:
        rows = database.execute(f"SELECT {verdict} AS verdict, count(*) FROM {joined} GROUP BY verdict").fetchall()
        print(*(f"{name or 'neither'} {count}" for name, count in sorted(rows, key=str)), sep="\n")


def by_polars(arguments: argparse.Namespace) -> None:
    import polars as pl

    first_day = pl.scan_parquet(arguments.periods).filter(pl.col("code_set") == "icd10cm").select("in_force_from").min()
    first_day = first_day.collect().item()
    spans = (
        pl.scan_parquet(arguments.spans)
        .filter((pl.col("code_set") == "icd10cm") & (pl.col("valid_to") > first_day))
        .select(
            pl.col("code_plain").alias("plain"),
            pl.max_horizontal("valid_from", pl.lit(first_day)).alias("valid_from"),
            "valid_to",
            "billable",
        )
        .sort("valid_from")
    )
    schema = {"claim_id": pl.String, "code": pl.String, "service_date": pl.Date}
    claims = pl.scan_csv(arguments.claims, schema=schema)
    # Both sides of this join have to be in the order of the day.
    claims = claims.with_columns(plain=pl.col("code").str.replace(".", "", literal=True)).sort("service_date")
    on_its_day = pl.col("service_date") < pl.col("valid_to")
    joined = claims.join_asof(
        spans, left_on="service_date", right_on="valid_from", by="plain", strategy="backward", check_sortedness=False
    ).select(
        *arguments.columns,
        verdict=pl.when(on_its_day & pl.col("billable"))
        .then(pl.lit("billable"))
        .when(on_its_day & ~pl.col("billable"))
        .then(pl.lit("header")),
    )
    if arguments.output and arguments.way == "streaming":
        joined.sink_csv(arguments.output)
    elif arguments.output:
        joined.collect().write_csv(arguments.output)
    else:
        rows = joined.group_by("verdict").len().collect(engine="streaming").rows()
        print(*(f"{name or 'neither'} {count}" for name, count in sorted(rows, key=str)), sep="\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("engine", choices=["duckdb", "polars"])
    parser.add_argument("claims")
    parser.add_argument("spans")
    parser.add_argument("periods")
    parser.add_argument("--way", choices=["range", "text", "asof", "memory", "streaming"], default="range")
    parser.add_argument("--ordered", action="store_true", help="keep the order of the rows (DuckDB)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--columns", nargs="+", default=["claim_id", "code", "service_date"], metavar="NAME",
                        help="write these columns beside the verdict")  # fmt: skip
    parser.add_argument("--output", help="write the rows here; without it count them by verdict")
    arguments = parser.parse_args()
    (by_duckdb if arguments.engine == "duckdb" else by_polars)(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
