#!/usr/bin/env python3
"""Audits claims on Spark: each code gets the columns that `codeyear audit -o` writes.

Reads claims as Parquet or CSV and what `codeyear export` wrote, sends the small tables to every worker, and joins: no
row of the claims moves, and no row passes through Python. What is found of listed codes comes from the exports; the
rules for what cannot be in them are those of `model::parse_code`, `answer::detect_among` and `answer::check`.
spark/README.md says what is the same and what is not.

    codeyear export findings -o findings.parquet
    codeyear export periods -o periods.parquet
    spark-submit audit_claims.py --claims claims.parquet --code-column dx1,dx2 --date-column service_date \\
        --findings findings.parquet --periods periods.parquet --output audited
"""

import argparse
import functools
import re
import string
import sys

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    DateType, FractionalType, StringType, StructField, StructType, TimestampNTZType, TimestampType,
)  # fmt: skip

# What stands around a field of a table, and what Unicode calls blank: a code may stand between either.
ASCII_BLANK = " \t\n\r\f"
BLANK = ASCII_BLANK + "\v\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
CM, PCS = "icd10cm", "icd10pcs"
NAMES = {CM: "ICD-10-CM", PCS: "ICD-10-PCS"}
# A letter, then two characters of which one is a digit; the dot behind the third character and not at the end.
SHAPES = {
    CM: r"\A[A-Za-z](?:[0-9][A-Za-z0-9]|[A-Za-z][0-9])(?:\.?[A-Za-z0-9]{1,4})?\z",
    PCS: r"\A[0-9A-HJ-NP-Za-hj-np-z]{3}(?:[0-9A-HJ-NP-Za-hj-np-z]{4})?\z",
}
# The longest beginning of a text in which nothing is wrong yet.
BEGINNINGS = {
    CM: r"\A(?:[A-Za-z0-9]{3}\.?[A-Za-z0-9]{0,4}|[A-Za-z0-9]{0,2})",
    PCS: r"\A[A-Za-z0-9]{0,7}",
}
DOT_RULES = {
    CM: "the dot of an ICD-10-CM code comes after the third character",
    PCS: "an ICD-10-PCS code has no dot",
}
# What codes of other books look like, in the order in which they are named.
OTHER_SHAPES = {
    "ICD-9-CM": r"\A(?i:E(?:0[0-3][0-9]|[89][0-9]{2})(?:\.?[0-9])?|V[0-9]{2}(?:\.?[0-9]{1,2})?"
    r"|[0-9]{3}(?:\.?[0-9]{1,2})?|[0-9]{2}\.?[0-9]{1,2})\z",
    "CPT": r"\A(?i:[0-9]{4}[0-9AFMTU])\z",
    "HCPCS": r"\A(?i:[ABCEGHJKLMPQRSTUV][0-9]{4})\z",
    "CDT": r"\A(?i:D[0-9]{4})\z",
}
ZONE = r"(?:Z|z|UTC|GMT|[+-][0-9:]+)"
CLOCK = rf"[0-9][0-9:.,]*[ \t\r\n\f]*(?:[AaPp][Mm]|{ZONE})?"
TIME = rf"(?:[T :]{CLOCK}|{ZONE})?"
DATE_FORMATS = {
    "iso": rf"\A([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}}){TIME}\z",
    "us": rf"\A([0-9]{{1,2}})/([0-9]{{1,2}})/([0-9]{{4}}){TIME}\z",
    "compact": rf"\A([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})(?:\.0+|[0-9]{{4}}|[0-9]{{6}}|[T ]{CLOCK})?\z",
}
DATE_PATTERNS = {"iso": "YYYY-MM-DD", "us": "MM/DD/YYYY", "compact": "YYYYMMDD"}
# What stands in cells without a value, in either case.
MARKERS = ("null", "na", "n/a", "#n/a", "<na>", "nan", "nat", "none", "(null)", "\\n", ".", "-")
# What each code gets.
ADDED = ("verdict", "release", "day", "use", "use_count", "use_by", "why")
MAX_USES = 10
# Suggestions for so many texts that no release lists are sent to every worker; more are joined by sorting.
MAX_SENT = 500_000
LETTERS = string.digits + string.ascii_uppercase
# The columns that the job adds on the way and takes away again; no table of claims has such names.
CORRUPT, DAY, DATE_WHY, ROW_WHY = "__corrupt", "__day", "__date_why", "__row_why"
LABEL, MEANT, OTHER, LAST = "__label", "__meant", "__other", "__last"
RAW, TEXT, IS_CM, IS_PCS, SET, CODE, LIKE = "__raw", "__text", "__cm", "__pcs", "__set", "__code", "__like"
NEAR, ABOVE = "__near", "__above"


class Wrong(Exception):
    """What keeps the job from running; its text is for the user."""


def days_as_number(date: Column) -> Column:
    """Returns a date as the number 20260301: it compares as dates do, and no calendar can fail on it."""
    return F.year(date) * 10000 + F.month(date) * 100 + F.dayofmonth(date)


def trimmed(text: Column, blanks: str) -> Column:
    """Returns text without the blanks around it."""
    return F.btrim(text, F.lit(blanks))


def is_no_value(text: Column) -> Column:
    """Checks whether a cell is empty, blank or holds a marker."""
    bare = F.lower(trimmed(text, ASCII_BLANK))
    return text.isNull() | (bare == "") | bare.isin(*MARKERS)


def text_of(frame: DataFrame, name: str) -> Column:
    """Returns a column as text; a number that is whole has no point."""
    column = F.col(f"`{name}`")
    if isinstance(frame.schema[name].dataType, FractionalType):
        # What is no number, and what is too large for a day, is none.
        number = F.expr(f"try_cast(`{name}` as decimal(38, 9))").cast("string")
        return F.regexp_replace(number, r"\.?0+\z", "")
    return column.cast("string")


def day_of(frame: DataFrame, name: str, date_format: str) -> tuple[Column, Column]:
    """Returns the day of a column as a number, and why it is null: it is empty, of another form or no day."""
    if isinstance(frame.schema[name].dataType, (DateType, TimestampType, TimestampNTZType)):
        return days_as_number(F.col(f"`{name}`")), F.lit("no date")
    text = trimmed(text_of(frame, name), ASCII_BLANK)
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
    # Databases write all zeros for none.
    is_empty = is_no_value(text) | text.rlike(r"\A[-/.0]*0[-/.0]*\z")
    why = F.when(is_empty, "no date").otherwise(f"no date in the format {DATE_PATTERNS[date_format]}")
    return F.when(is_day, year * 10000 + month * 100 + day), why


class Exports:
    """The exported tables, as they are joined; all of them are small enough for every worker."""

    def __init__(self, findings: DataFrame, periods: DataFrame):
        findings = findings.select(
            F.col("code_set").alias("__f_set"),
            F.col("code").alias("__f_dotted"),
            F.col("code_plain").alias("__f_code"),
            F.coalesce(days_as_number(F.col("valid_from")), F.lit(0)).alias("__f_from"),
            F.coalesce(days_as_number(F.col("valid_to")), F.lit(99999999)).alias("__f_to"),
            *(F.col(f"`{name}`").alias(f"__f_{name}") for name in (*ADDED, "below") if name != "release"),
        )
        self.codes = findings.where(F.col("__f_code").isNotNull())
        # On these days the same is found of every code: a row for each year that they touch, to be looked up by it.
        first, last = F.expr("__f_from div 10000"), F.least(F.expr("__f_to div 10000"), F.lit(9999))
        days = findings.where(F.col("__f_code").isNull()).withColumn("__d_year", F.explode(F.sequence(first, last)))
        kept = ("set", "from", "to", "verdict", "day", "why")
        self.days = days.select("__d_year", *(F.col(f"__f_{name}").alias(f"__d_{name}") for name in kept))
        # Looking a day up costs the same however many releases there are.
        day = F.explode(F.sequence(F.col("governs_from"), F.date_sub(F.col("governs_to"), 1)))
        governed = periods.select("code_set", day.alias("date"), "release")
        self.governed = governed.select(
            F.col("code_set").alias("__g_set"),
            days_as_number(F.col("date")).alias("__g_day"),
            F.col("release").alias("__g_release"),
        )
        # A stem is in the table and listed by no release.
        listed = self.codes.where(F.col("__f_verdict") != "unknown").groupBy("__f_code")
        in_set = {name: F.max(F.col("__f_set") == name) for name in NAMES}
        self.listed = listed.agg(
            F.first("__f_code").alias("__l_code"), in_set[CM].alias("__l_cm"), in_set[PCS].alias("__l_pcs")
        ).drop("__f_code")
        self.categories = self.listed.where(F.length("__l_code") == 3).select(
            F.col("__l_code").alias("__c_code"), F.col("__l_cm").alias("__c_cm"), F.col("__l_pcs").alias("__c_pcs")
        )


def spellings(label: Column) -> tuple[Column, Column]:
    """Returns the two forms in which a label is looked up, as `LabelMeaning::in_claims` makes them."""

    def name_of(text: Column) -> Column:
        kept = F.regexp_replace(text, "[^A-Za-z0-9]", "")
        return F.translate(kept, string.ascii_lowercase, string.ascii_uppercase)

    text = trimmed(label, BLANK + "\"'`()[]{}")
    # 10 of 10.0 and of 010, as tools write it that take the column for numbers.
    is_number = text.rlike(r"\A[0-9]+(?:\.0*)?\z")
    number = F.regexp_replace(F.regexp_replace(text, r"\..*", ""), r"\A0+(?=[0-9])", "")
    is_address = (
        text.contains("://")
        | text.rlike(r"\A(?i:urn:)")
        | text.rlike(r"\A[0-9]+(?:\.[0-9]+){3,}\z")
        | text.rlike(r"\A[^/]*\.[^/]*/")
    )
    address = F.translate(text, string.ascii_uppercase, string.ascii_lowercase)
    address = F.regexp_replace(address, r"(?s)(?:\||/version/).*", "")
    address = F.regexp_replace(F.regexp_replace(address, r"\A(?:http://|https://|urn:oid:)", ""), r"/+\z", "")
    last = name_of(F.regexp_extract(address, r"([^/:#]*)\z", 1))
    name = name_of(text)
    is_of_year = name.rlike(r"(?:19|20)[0-9]{2}\z")
    without_year = F.when(is_of_year, F.regexp_replace(name, r"(?:FY)?(?:19|20)[0-9]{2}\z", ""))
    first = F.when(is_number, number).when(is_address, address).otherwise(name)
    second = F.when(is_number, None).when(is_address, F.when(F.length(last) >= 4, last)).otherwise(without_year)
    return first, second


def with_meaning(frame: DataFrame, labels: DataFrame, label: Column) -> DataFrame:
    """Adds what the label of each row means: MEANT is null where it says nothing."""
    first, second = spellings(label)
    tables = [labels.select(*(F.col(name).alias(f"__{at}_{name}") for name in labels.columns)) for at in "ab"]
    frame = frame.join(F.broadcast(tables[0]), first == F.col("__a_label"), "left")
    frame = frame.join(F.broadcast(tables[1]), second == F.col("__b_label"), "left")
    is_first = F.col("__a_label").isNotNull()
    sets, other, last = (F.when(is_first, F.col(f"__a_{name}")).otherwise(F.col(f"__b_{name}"))
                         for name in ("code_sets", "other", "last_day"))  # fmt: skip
    meant = F.when(is_no_value(label), None).when(sets.isNotNull(), sets)
    meant = meant.when(other.isNotNull(), "other").otherwise("unknown")
    frame = frame.withColumns({MEANT: meant, OTHER: F.when(~is_no_value(label), other), LAST: last})
    return frame.drop(*(f"__{at}_{name}" for at in "ab" for name in labels.columns))


def with_code(frame: DataFrame, exports: Exports, stated: str | None) -> DataFrame:
    """Adds the code set that a text is of (SET), its code in it (CODE), and what else it looks like (LIKE).

    MEANT is what the row says of it: null for nothing, a code set, several of them, another one.
    """
    text = F.col(TEXT)

    def plain(name: str) -> Column:
        return F.when(text.rlike(SHAPES[name]), F.upper(F.replace(text, F.lit("."), F.lit(""))))

    if stated is not None:
        return frame.withColumns({SET: F.lit(stated), CODE: plain(stated), LIKE: F.lit(None).cast("string")})
    frame = frame.withColumns({IS_CM: plain(CM), IS_PCS: plain(PCS)})
    cm, pcs = F.col(IS_CM), F.col(IS_PCS)
    frame = frame.join(F.broadcast(exports.listed), F.coalesce(cm, pcs) == F.col("__l_code"), "left")
    in_cm = cm.isNotNull() & F.coalesce(F.col("__l_cm"), F.lit(False))
    in_pcs = pcs.isNotNull() & F.coalesce(F.col("__l_pcs"), F.lit(False))
    could_be_both = cm.isNotNull() & pcs.isNotNull()
    is_open = could_be_both & F.col("__l_code").isNull()
    category = F.when(is_open, F.substring(cm, 1, 3))
    frame = frame.join(F.broadcast(exports.categories), category == F.col("__c_code"), "left")
    listing = F.when(in_cm, CM).when(in_pcs, PCS)
    by_category = F.when(F.col("__c_cm"), CM).when(F.col("__c_pcs"), PCS).otherwise(CM)
    # A text that neither can have: the one that such a beginning fits has the most to say of the rest.
    by_beginning = F.when(text.rlike(r"\A[0-9]") & ~text.contains("."), PCS).otherwise(CM)
    by_itself = F.when(could_be_both, by_category).when(cm.isNotNull(), CM).when(pcs.isNotNull(), PCS)
    detected = F.coalesce(listing, by_itself, by_beginning)
    meant = F.col(MEANT)
    code_set = F.when(meant.isin(CM, PCS), meant).when(meant == "other", F.coalesce(listing, F.lit(CM)))
    code_set = code_set.otherwise(detected)
    others = [F.when(text.rlike(shape), name) for name, shape in OTHER_SHAPES.items()]
    is_like = meant.isNull() & listing.isNull() & F.coalesce(*others).isNotNull()
    ours = [F.when(code.isNotNull(), NAMES[name]) for name, code in ((CM, cm), (PCS, pcs))]
    frame = frame.withColumns({SET: code_set, LIKE: F.when(is_like, F.concat_ws(" or ", *ours, *others))})
    frame = frame.withColumn(CODE, F.when(F.col(SET) == CM, cm).otherwise(pcs))
    return frame.drop(IS_CM, IS_PCS, "__l_code", "__l_cm", "__l_pcs", "__c_code", "__c_cm", "__c_pcs")


def malformed(text: Column, name: str) -> Column:
    """Returns why a text can be no code of a set, as `Code::read` finds it: the first wrong character counts."""
    rest = F.regexp_replace(text, BEGINNINGS[name], "")
    wrong = F.when(text == "", "it is empty").when(rest.startswith("."), DOT_RULES[name])
    wrong = wrong.when(rest.rlike(r"\A[A-Za-z0-9]"), "it has more than 7 characters")
    wrong = wrong.when(rest != "", "a code has letters and digits only").when(text.endswith("."), "it ends with a dot")
    if name == PCS:
        is_long = F.length(text).isin(3, 7)
        wrong = wrong.when(~is_long, "an ICD-10-PCS code has 7 characters (a table of codes has 3)")
        return wrong.otherwise("an ICD-10-PCS code has no letter I or O (they look like 1 and 0)")
    wrong = wrong.when(F.length(text) < 3, "an ICD-10-CM code has at least 3 characters")
    wrong = wrong.when(~text.rlike(r"\A[A-Za-z]"), "an ICD-10-CM code begins with a letter")
    return wrong.otherwise("one of the first 3 characters of an ICD-10-CM code must be a digit")


def unlisted(texts: DataFrame, exports: Exports) -> DataFrame:
    """Returns the codes among texts that are not in the findings, each once, by SET and CODE."""
    known = exports.codes.select("__f_set", "__f_code")
    is_known = (F.col(SET) == F.col("__f_set")) & (F.col(CODE) == F.col("__f_code"))
    codes = texts.where(F.col(CODE).isNotNull() & F.col(LIKE).isNull()).select(SET, CODE)
    return codes.join(F.broadcast(known), is_known, "left_anti").distinct()


def suggestions(codes: DataFrame, exports: Exports) -> DataFrame:
    """Returns what can be suggested for codes that no release lists, by SET and CODE.

    NEAR has the billable codes that differ by one character that is wrong, missing or too many, or by two neighbours
    that are swapped, the likeliest first; ABOVE has what is listed above it, the nearest first; each with its days.
    """
    code = F.col(CODE)
    places = codes.withColumn("at", F.explode(F.sequence(F.lit(0), F.length(code))))
    before, at = F.expr(f"left({CODE}, at)"), F.col("at")

    def rest(skipped: int) -> Column:
        return F.substr(code, at + 1 + skipped, F.lit(8))

    def character(skipped: int) -> Column:
        return F.substr(code, at + 1 + skipped, F.lit(1))

    letter = F.col("letter")
    letters = places.withColumn("letter", F.explode(F.array(*map(F.lit, LETTERS))))
    typed = letters.withColumn("other", F.explode(F.array(
        F.concat(before, letter, rest(0)), F.concat(before, letter, rest(1))
    )))  # fmt: skip
    lost = places.withColumn("other", F.explode(F.array(
        F.concat(before, rest(1)), F.concat(before, character(1), character(0), rest(2))
    )))  # fmt: skip
    lengths = F.when(F.length(code) > 3, F.sequence(F.lit(3), F.length(code) - 1))
    above = codes.withColumn("other", F.explode(F.transform(lengths, lambda length: F.left(code, length))))
    others = typed.select(SET, CODE, "other", F.lit(True).alias("is_near"))
    others = others.unionAll(lost.select(SET, CODE, "other", F.lit(True)))
    others = others.unionAll(above.select(SET, CODE, "other", F.lit(False)))
    is_other = (F.col(SET) == F.col("__f_set")) & (F.col("other") == F.col("__f_code"))
    found = others.join(F.broadcast(exports.codes), is_other)
    is_near = F.col("is_near") & (F.col("__f_verdict") == "billable")
    is_above = ~F.col("is_near") & F.col("__f_verdict").isin("billable", "header")
    # A slip at the end of a code is likelier than one at its beginning.
    same = F.expr(f"size(filter(sequence(1, 7), i -> i <= length(other) and i <= length({CODE}) "
                  f"and left(other, i) = left({CODE}, i)))")  # fmt: skip
    near = F.struct(
        (-same).alias("order"), F.col("other"), F.col("__f_from").alias("from"), F.col("__f_to").alias("to"),
        F.col("__f_dotted").alias("code"),
    )  # fmt: skip
    stem = F.struct(
        (-F.length("other")).alias("order"), F.col("__f_from").alias("from"), F.col("__f_to").alias("to"),
        F.when(F.col("__f_verdict") == "header", F.col("__f_below")).alias("below"),
    )  # fmt: skip
    return found.groupBy(SET, CODE).agg(
        F.sort_array(F.collect_set(F.when(is_near, near))).alias(NEAR),
        F.sort_array(F.collect_set(F.when(is_above, stem))).alias(ABOVE),
    )


def suggested(day: Column) -> Column:
    """Returns the codes to use instead of one that no release lists, on a day."""

    def holds(one: Column) -> Column:
        return (one["from"] <= day) & (day < one["to"])

    near = F.transform(F.slice(F.filter(F.col(NEAR), holds), 1, MAX_USES), lambda one: one["code"])
    below = F.split(F.get(F.filter(F.col(ABOVE), holds), F.lit(0))["below"], " ")
    return F.when(F.size(near) > 0, near).otherwise(below)


def first_of(cases: list[tuple[Column, Column | str | None]]) -> Column:
    """Returns the value of the first case whose condition holds."""
    value = F.when(F.lit(False), F.lit(None))
    for condition, said in cases:
        value = value.when(condition, said)
    return value


def with_findings(frame: DataFrame, exports: Exports, near: DataFrame, names: list[str]) -> DataFrame:
    """Adds the columns of one code, under these names: its text is RAW and TEXT."""
    day, code, text, code_set = F.col(DAY), F.col(CODE), F.col(TEXT), F.col(SET)
    is_code = (code_set == F.col("__f_set")) & (code == F.col("__f_code"))
    on_day = (F.col("__f_from") <= day) & (day < F.col("__f_to"))
    frame = frame.join(F.broadcast(exports.codes), is_code & on_day, "left")
    of_year = (code_set == F.col("__d_set")) & (F.expr(f"{DAY} div 10000") == F.col("__d_year"))
    on_day = (F.col("__d_from") <= day) & (day < F.col("__d_to"))
    frame = frame.join(F.broadcast(exports.days), of_year & on_day, "left")
    is_governed = (code_set == F.col("__g_set")) & (day == F.col("__g_day"))
    frame = frame.join(F.broadcast(exports.governed), is_governed, "left")
    frame = frame.join(near, (code_set == F.col("__n_set")) & (code == F.col("__n_code")), "left")
    uses = suggested(day)
    meant, other, last = F.col(MEANT), F.col(OTHER), F.col(LAST)
    of_day, of_code = F.col("__d_verdict").isNotNull(), F.col("__f_verdict").isNotNull()
    name = F.when(code_set == CM, NAMES[CM]).otherwise(NAMES[PCS])
    read = F.when(code.isNull(), "unknown").otherwise(F.coalesce("__d_verdict", "__f_verdict", F.lit("unknown")))
    wrong = F.when(code_set == CM, malformed(text, CM)).otherwise(malformed(text, PCS))
    # The claim says that it is of a code set that ended before the day.
    is_ended = F.coalesce((meant == "other") & (day > days_as_number(last)), F.lit(False))
    as_ours = F.concat(F.lit("as "), name, F.lit(" it is "))
    read_as = F.when(read == "unknown", F.concat(F.lit("it is not a valid "), name, F.lit(" code either")))
    read_as = read_as.when(read == "header", F.concat(as_ours, F.lit("a header")))
    read_as = read_as.otherwise(F.concat(as_ours, F.replace(read, F.lit("-"), F.lit(" "))))
    # What keeps a code from being judged: the first that holds counts.
    reasons = [
        (F.col(ROW_WHY).isNotNull(), "unreadable", F.col(ROW_WHY)),
        (is_no_value(F.col(RAW)), None, F.lit(None)),
        # Whether a code set that ended was in force rests on the day.
        ((meant == "other") & ~is_ended & (day.isNotNull() | last.isNull()), "not-judged",
         F.concat(F.lit("of "), other)),
        (day.isNull(), "unreadable", F.col(DATE_WHY)),
        (meant == "unknown", "not-judged", F.lit("the label of its code set is unknown")),
        (F.col(LIKE).isNotNull(), "not-judged", F.concat(F.lit("could be "), F.col(LIKE))),
    ]
    why_ended = F.concat(other, F.lit(" was in force until "), last.cast("string"), F.lit("; "), read_as)
    judged = [
        (is_ended, "not-in-force", why_ended),
        (code.isNull(), "unknown", F.concat(F.lit("not a valid "), name, F.lit(" code format: "), wrong)),
        (of_day, read, F.col("__d_why")),
        (of_code, read, F.col("__f_why")),
        (F.lit(True), read, F.lit("not found in any loaded release")),
    ]
    is_judged = ~F.coalesce(*(F.when(condition, True) for condition, _, _ in reasons), F.lit(False))
    is_of_code = is_judged & ~is_ended & code.isNotNull() & ~of_day
    is_suggested = is_of_code & ~of_code & F.coalesce(F.size(uses) > 0, F.lit(False))
    listed = is_of_code & of_code
    added = {
        "verdict": first_of([(condition, verdict) for condition, verdict, _ in reasons + judged]),
        # Of a text that is no code audit names the release published for the day, in force or not.
        "release": F.when(is_judged & (code.isNull() | ~of_day), F.col("__g_release")),
        "day": F.when(is_judged, F.when(is_ended, last).when(code.isNotNull(), F.coalesce("__d_day", "__f_day"))),
        "use": F.when(listed, F.col("__f_use")).when(is_suggested, F.array_join(uses, " ")),
        "use_count": F.when(listed, F.col("__f_use_count")).when(is_suggested, F.size(uses)),
        "use_by": F.when(listed, F.col("__f_use_by")).when(is_suggested, "similar"),
        "why": first_of([(condition, why) for condition, _, why in reasons + judged]),
    }
    frame = frame.withColumns({name: added[column] for name, column in zip(names, ADDED, strict=True)})
    looked_up = [name for name in frame.columns if name[:4] in ("__f_", "__d_", "__g_", "__n_")]
    return frame.drop(RAW, TEXT, SET, CODE, LIKE, NEAR, ABOVE, *looked_up)


def row_problem(claims: DataFrame, date_column: str, codes: list[str], delimiter: str) -> Column:
    """Returns why a row cannot be read; null for those with a field for each column, for those that end behind the date
    and any of the codes, and for those that go on with empty fields."""
    if CORRUPT not in claims.columns:
        return F.lit(None).cast("string")
    names = [name for name in claims.columns if name != CORRUPT]
    # A row that Spark could not take apart has its text here; what is quoted holds no delimiter.
    text = F.regexp_replace(F.col(CORRUPT), r'"(?:[^"]|"")*"', "q")
    fields = F.split(text, re.escape(delimiter.replace("\\t", "\t")), -1)
    needed = max(names.index(date_column), min(names.index(name) for name in codes))
    is_short = (F.size(fields) < len(names)) & (F.size(fields) > needed)
    more = F.slice(fields, len(names) + 1, 1_000_000)
    is_long = (F.size(fields) > len(names)) & F.forall(more, lambda field: trimmed(field, ASCII_BLANK) == "")
    ragged = F.concat(F.size(fields).cast("string"), F.lit(f" fields, and the header has {len(names)}"))
    return (
        F.when(text.isNull(), None)
        .when(text.contains("\u0000"), "a NUL byte")
        .when(text.contains('"'), "an opening quote is never closed")
        .when(~is_short & ~is_long, ragged)
    )


def stated_sets(code_columns: list[str], code_set: str) -> dict[str, str | None]:
    """Returns the columns of codes with the code set that is stated for each: `dx1`, `px1=icd10pcs`."""
    columns: dict[str, str | None] = {}
    for column in code_columns:
        name, _, stated = column.partition("=")
        if stated and stated not in NAMES:
            raise Wrong(f"{column}: the code set is one of {', '.join(NAMES)}")
        columns[name] = stated or (code_set if code_set in NAMES else None)
    return columns


def audited(
    claims: DataFrame,
    findings: DataFrame,
    periods: DataFrame,
    code_columns: list[str],
    date_column: str,
    code_set: str = "auto",
    date_format: str = "iso",
    delimiter: str = ",",
    labels: DataFrame | None = None,
    code_set_by: str | None = None,
) -> DataFrame:
    """Returns the claims with what is found of each code beside them, in the columns that `added_names` lists.

    The texts that no release lists are gone through first, each once: what is suggested for them is kept by Spark.
    Days of timestamps are those of the session's time zone.
    """
    columns = stated_sets(code_columns, code_set)
    if code_set_by is not None:
        # What a row says counts, and where it says nothing the code.
        columns = dict.fromkeys(columns)
    exports = Exports(findings, periods)
    nothing = {MEANT: F.lit(None).cast("string"), OTHER: F.lit(None).cast("string"), LAST: F.lit(None).cast("date")}

    def meant(frame: DataFrame) -> DataFrame:
        if code_set_by is None or labels is None:
            return frame.withColumns(nothing)
        return with_meaning(frame, labels, F.col(LABEL))

    label = F.lit(None).cast("string") if code_set_by is None else text_of(claims, code_set_by)
    found = []
    for stated in dict.fromkeys(columns.values()):
        of_set = F.array(*(text_of(claims, name) for name, own in columns.items() if own == stated))
        texts = claims.select(F.explode(of_set).alias(RAW), label.alias(LABEL)).where(~is_no_value(F.col(RAW)))
        texts = meant(texts.select(trimmed(F.col(RAW), BLANK).alias(TEXT), LABEL).distinct())
        texts = texts.where(F.col(MEANT).isNull() | ~F.col(MEANT).isin("other", "unknown"))
        found.append(unlisted(with_code(texts, exports, stated), exports))
    codes = functools.reduce(DataFrame.unionByName, found).distinct()
    # They are few: not so many parts as claims are shuffled into.
    # They are kept until the session ends: they are counted here, and joined when the caller writes.
    codes = codes.coalesce(claims.sparkSession.sparkContext.defaultParallelism).persist()
    count = codes.count()
    near = suggestions(codes, exports).withColumnsRenamed({SET: "__n_set", CODE: "__n_code"})
    if count <= MAX_SENT:
        near = F.broadcast(near)
    day, date_why = day_of(claims, date_column, date_format)
    why = row_problem(claims, date_column, list(columns), delimiter)
    frame = meant(claims.withColumns({ROW_WHY: why, DAY: day, DATE_WHY: date_why, LABEL: label}))
    for name, stated in columns.items():
        raw = text_of(claims, name)
        frame = with_code(frame.withColumns({RAW: raw, TEXT: trimmed(raw, BLANK)}), exports, stated)
        frame = with_findings(frame, exports, near, [f"__{name}_{column}" for column in ADDED])
    kept = [F.col(f"`{name}`") for name in claims.columns if name != CORRUPT]
    return frame.select(*kept, *(F.col(f"`__{own}`").alias(name) for name, own in added_names(list(columns)).items()))


def added_names(codes: list[str]) -> dict[str, str]:
    """Returns the names of the columns that are added, as `audit` calls them: after their code if there are several."""
    own = [(f"{name}_{column}", column) for name in codes for column in ADDED]
    return {(full if len(codes) > 1 else column): full for full, column in own}


def read_table(spark: SparkSession, path: str) -> DataFrame:
    """Reads an export: Parquet, or CSV by its name."""
    if not path.endswith(".csv"):
        return spark.read.parquet(path)
    # A quote within quotes is written twice.
    frame = spark.read.options(header=True, quote='"', escape='"').csv(path)
    of_days = ("valid_from", "valid_to", "day", "governs_from", "governs_to", "in_force_from", "last_day")
    days = [name for name in frame.columns if name in of_days]
    frame = frame.withColumns({name: F.col(name).cast("date") for name in days})
    if "use_count" in frame.columns:
        frame = frame.withColumn("use_count", F.col("use_count").cast("int"))
    return frame


def delimiter_of(path: str, stated: str | None) -> str:
    """Returns what stands between fields: as stated, or a tab if the name of the file ends in .tsv, else a comma."""
    if stated is not None:
        return stated
    return "\t" if path.endswith((".tsv", ".tsv.gz", ".tsv.zst")) else ","


def read_claims(spark: SparkSession, path: str, claims_format: str | None, delimiter: str) -> DataFrame:
    """Reads claims: every column as it stands, and in CSV each row that has more or fewer fields than the header."""
    if claims_format is None:
        claims_format = "csv" if path.endswith((".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst")) else "parquet"
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
    """Writes rows as CSV or Parquet; the mode is Spark's: what becomes of an output that is there."""
    writer = frame.write.mode(mode)
    if output_format == "csv":
        # Fields are written as they stand: blanks stay, and what is empty is not two quotes.
        writer = writer.options(header=True, quote='"', escape='"', emptyValue="",
                                ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False)  # fmt: skip
        writer.csv(output)
    else:
        writer.parquet(output)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Reads the arguments of the job; None for those of the process."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--claims", required=True, metavar="PATH", help="claims: a file or folder, Parquet or CSV")
    parser.add_argument("--claims-format", choices=["parquet", "csv"], help="[default: from the ending of the name]")
    parser.add_argument("--delimiter", metavar="CHARACTER",
                        help="between fields of CSV [default: a comma, of .tsv a tab]")  # fmt: skip
    parser.add_argument("--code-column", required=True, metavar="COLUMN,...",
                        help="the columns with codes: dx1,dx2; px1=icd10pcs states the code set")  # fmt: skip
    parser.add_argument("--date-column", required=True, metavar="COLUMN", help="the date of service, or of discharge")
    parser.add_argument("--date-format", choices=sorted(DATE_FORMATS), default="iso",
                        help="YYYY-MM-DD, MM/DD/YYYY, YYYYMMDD; columns of dates need none [default: iso]")  # fmt: skip
    parser.add_argument("--time-zone", default="UTC", metavar="ZONE",
                        help="whose days count of timestamps that are stored in UTC [default: UTC]")  # fmt: skip
    parser.add_argument("--code-set", choices=["auto", *NAMES], default="auto",
                        help="of all codes; auto: detected from each code [default: auto]")  # fmt: skip
    parser.add_argument("--code-set-by", metavar="COLUMN", help="the column that says the code set of each row")
    parser.add_argument("--findings", required=True, metavar="FILE", help="from codeyear export findings")
    parser.add_argument("--periods", required=True, metavar="FILE", help="from codeyear export periods")
    parser.add_argument("--labels", metavar="FILE", help="from codeyear export labels, for --code-set-by")
    parser.add_argument("--output", required=True, metavar="FOLDER")
    parser.add_argument("--format", choices=["parquet", "csv"], default="parquet", help="[default: parquet]")
    parser.add_argument("--overwrite", action="store_true", help="replace the output if it is there")
    return parser.parse_args(arguments)


def run(spark: SparkSession, arguments: list[str] | None = None) -> None:
    """Audits as the arguments say. Raises Wrong for what the user has to mend."""
    args = parse_arguments(arguments)
    delimiter = delimiter_of(args.claims, args.delimiter)
    if args.code_set_by is not None and args.labels is None:
        raise Wrong("--code-set-by needs --labels, from codeyear export labels")
    spark.conf.set("spark.sql.session.timeZone", args.time_zone)
    claims = read_claims(spark, args.claims, args.claims_format, delimiter)
    code_columns = args.code_column.split(",")
    codes = list(stated_sets(code_columns, args.code_set))
    for name in (*codes, args.date_column, *filter(None, [args.code_set_by])):
        if name not in claims.columns:
            found = ", ".join(column for column in claims.columns if column != CORRUPT)
            raise Wrong(f"the claims have no column {name}; they have {found}")
    for name in added_names(codes):
        if name in claims.columns:
            raise Wrong(f"the claims have a column {name} already: rename it")
    findings, periods = read_table(spark, args.findings), read_table(spark, args.periods)
    labels = None if args.labels is None else read_table(spark, args.labels)
    result = audited(claims, findings, periods, code_columns, args.date_column, args.code_set, args.date_format,
                     delimiter, labels, args.code_set_by)  # fmt: skip
    write(result, args.output, args.format, "overwrite" if args.overwrite else "errorifexists")


def main() -> int:
    """Runs the job in a session of its own. Returns the exit code: 2 for what the user has to mend."""
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
