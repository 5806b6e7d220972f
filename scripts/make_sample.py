#!/usr/bin/env python3
"""Writes the bundled sample: a few hundred codes of some releases, in the official layouts.

Every row is copied from the official files in --releases, whose hashes the
catalogue states; only the order numbers are counted anew, and the footers of
the addenda count the sample's rows. The script proves on the way that its
counting reproduces each official footer byte for byte, that each sample addenda
replayed on its base gives the sample's release, and that every change the
README claims is there. The files around the order file are cut to the codes of the
sample by sample_xml.py and sample_tables.py, which prove what they cut. With --check it writes nothing and exits 1 when the
files in --out differ from what it would write.
"""

import argparse
import hashlib
import json
import re
import sys
import tomllib
import zipfile
from datetime import date, timedelta
from pathlib import Path

import sample_tables
import sample_xml

BANNER = "# Written by scripts/make_sample.py from the official files; do not edit by hand.\n"

CODE_SET_NAMES = {"icd10cm": "ICD-10-CM", "icd10pcs": "ICD-10-PCS"}

RELEASES = {
    "icd10cm": [
        "FY2016",
        "FY2020",
        "FY2021",
        "FY2021-01",
        "FY2022",
        "FY2022-04",
        "FY2024",
        "FY2024-04",
        "FY2025",
        "FY2025-04",
        "FY2026",
        "FY2026-04",
        "FY2027",
    ],
    "icd10pcs": ["FY2022-04", "FY2022-04-errata"],
}

# A code is in the sample when it starts with one of these or is an ancestor of one.
SELECTORS = {
    "icd10cm": """
        A00 B88 B949 B9729 C430 C439 C440 C4A0 C4A9 C75 C760 C7A C7B D360 D369 D379 D3A00 D3A01 D71
        E119 E11A E340 E349 G35 I601 I602 J12 J680 J689 J691 J80 J82 J84114
        J8489 K58 K5900 M32 M35 M54 O100 O401 O409 P09 Q512
        Q99 QA0 R51 S061X0 S061X7 S061X8 S061X9 S061XA S301 S742 T464X1 T8132 T814 U07
        U09 W44G0 W44G9 Y0743 Y0745 Y07499 Z28 Z51 Z683 Z684 Z720
        Z7689 Z99
    """.split(),
    "icd10pcs": "027034 02703D 02703Z XW00 XW01 XW02 XW0D XW0G XW13".split(),
}

# The files around the order file, by release: kind and name.
DOCUMENTS = {
    ("icd10cm", "FY2016"): {
        "tabular": "Tabular.xml",
        "index": "Index.xml",
        "external_cause_index": "E-Index.xml",
        "drug_table": "Drug.xml",
        "neoplasm_table": "Neoplasm.xml",
        "poa_exempt_list": "POAexemptCodes2016.txt",
    },
    ("icd10cm", "FY2020"): {
        "external_cause_index": "icd10cm_eindex_2020.xml",
        "drug_table": "icd10cm_drug_2020.xml",
        "neoplasm_table": "icd10cm_neoplasm_2020.xml",
        "conversion_table": "ICD-10-CM-Conversion-Table-FY20-Effective-10-1-2019-corrected.csv",
        "poa_exempt_list": "POAexemptCodes2020.txt",
    },
    ("icd10cm", "FY2021"): {
        "external_cause_index": "icd10cm_eindex_2021.xml",
        "drug_table": "icd10cm_drug_2021.xml",
        "neoplasm_table": "icd10cm_neoplasm_2021.xml",
        "poa_exempt_list": "POAexemptCodes2021.txt",
    },
    ("icd10cm", "FY2021-01"): {
        "tabular": "icd10cm_tabular_2021.xml",
        "poa_exempt_list": "POAexemptCodesJan2021.txt",
    },
    ("icd10cm", "FY2022"): {"poa_exempt_list": "POAexemptCodesFY22.txt"},
    ("icd10cm", "FY2022-04"): {
        "external_cause_index": "icd10cm_eindex_2022.xml",
        "drug_table": "icd10cm_drug_2022.xml",
        "neoplasm_table": "icd10cm_neoplasm_2022.xml",
        "poa_exempt_list": "POAexemptCodesApr22.txt",
    },
    ("icd10cm", "FY2024"): {"poa_exempt_list": "POAexemptCodesFY24.txt"},
    ("icd10cm", "FY2025"): {"poa_exempt_list": "POAexemptCodesFY25.txt"},
    ("icd10cm", "FY2025-04"): {"tabular": "icd10cm-tabular-April-2025.xml"},
    ("icd10cm", "FY2026"): {
        "conversion_table": "ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx",
        "poa_exempt_list": "POAexemptCodesFY26.txt",
    },
    ("icd10cm", "FY2026-04"): {"tabular": "icd10c-tabular-April-1-2026.xml"},
    ("icd10pcs", "FY2022-04-errata"): {
        "pcs_tables": "icd10pcs_tables_2022.xml",
        "pcs_definitions": "icd10pcs_definitions_2022.xml",
        "pcs_index": "icd10pcs_index_2022.xml",
    },
}

KIND_LABELS = {
    "tabular": "tabular list",
    "index": "alphabetic index",
    "external_cause_index": "external-cause index",
    "drug_table": "drug table",
    "neoplasm_table": "neoplasm table",
    "conversion_table": "conversion table",
    "poa_exempt_list": "POA-exempt list",
    "pcs_tables": "tables",
    "pcs_definitions": "definitions",
    "pcs_index": "index",
}

INDEX_KINDS = {"index", "external_cause_index", "drug_table", "neoplasm_table"}

# Indexes and tables keep the terms that lead to these codes of the sample: all of them would be many.
INDEXED = """
    A00 C43 C4A C75 C7A C7B D3A G35 I602 M545 O100 Q512 R51 T464X T814 Y07 Z28 Z515
""".split()

# The main terms of the index of ICD-10-PCS of which the sample keeps what leads to its codes, or to another of them.
INDEXED_PROCEDURES = [
    "Angioplasty",
    "Catheterization",
    "COVID-19 Vaccine Dose 1",
    "Dilation",
    "PTCA (percutaneous transluminal coronary angioplasty)",
    "Tixagevimab and Cilgavimab Monoclonal Antibody",
]

# The days of the conversion tables that are no October 1, as the README names them.
MID_YEAR = {
    "FY2026": {
        "U07.0": "2020-04-01",
        "U07.1": "2020-04-01",
        "J12.82": "2021-01-01",
        "Z28.310": "2022-04-01",
        "Y07.45": "2023-04-01",
    }
}

# Whether each list of POA-exempt codes holds Z51.5.
PALLIATIVE_CARE = {
    "FY2016": True,
    "FY2020": False,
    "FY2021": False,
    "FY2021-01": False,
    "FY2022": True,
    "FY2022-04": True,
    "FY2024": True,
    "FY2025": True,
    "FY2026": True,
}

# Titles in which an official addenda differs from the order file of its release.
RESIDUE = {("icd10cm", "FY2022"): {"Z6830", "Z6841"}}

# Releases that say the same of the codes here as the one before them.
UNCHANGED = {"FY2024-04", "FY2025-04", "FY2026-04", "FY2027"}

# What the README shows code by code; every line is proven against the rows.
# (code, release before, release after, kind of change, what to see)
SHOWN = [
    ("U071", "FY2020", "FY2021", "new, billable", "COVID-19; in force since 2020-04-01 by a patch of the catalogue, as no FY2020 order file carries it"),
    ("U07", "FY2020", "FY2021", "new, header", "its category, with U07.0; in tabular order after Z99"),
    ("G35A", "FY2025-04", "FY2026", "new, billable", "one of the eight billable codes that replace G35"),
    ("G35B", "FY2025-04", "FY2026", "new, header", "a level between G35 and G35.B0 to G35.B2"),
    ("E11A", "FY2025-04", "FY2026", "new, billable", "a letter as the 4th character"),
    ("QA00101", "FY2025-04", "FY2026", "new, billable", "QA0 is a new category; in tabular order after Q99, before R51"),
    ("S061XAA", "FY2022-04", "FY2024", "new, billable", "took effect in FY2023, which the sample leaves out; listed before S06.1X9, a letter before a digit"),
    ("W44G0XA", "FY2022-04", "FY2024", "new, billable", "placeholder X and a 7th character"),
    ("J1282", "FY2021", "FY2021-01", "new, billable", "new in the January 2021 update"),
    ("Z28310", "FY2022", "FY2022-04", "new, billable", "new in the April 2022 update"),
    ("S301XXA", "FY2025-04", "FY2026", "deleted", "followed by S30.11XA, S30.12XA and S30.13XA; its header S30.1 stays"),
    ("T8132XA", "FY2024-04", "FY2025", "deleted", "followed by T81.320A to T81.329A"),
    ("Q5120", "FY2020", "FY2021", "deleted", "added in FY2019, gone again in FY2021"),
    ("S061X7D", "FY2016", "FY2020", "deleted", "gone since FY2018: 7th characters D and S no longer apply here"),
    ("T814XXA", "FY2016", "FY2020", "deleted", "gone since FY2019: one code became six, T81.40XA to T81.49XA"),
    ("I6020", "FY2016", "FY2020", "deleted", "gone since FY2017, when its header became billable"),
    ("G35", "FY2025-04", "FY2026", "became header", "a category that was billable itself"),
    ("B880", "FY2025-04", "FY2026", "became header", "replaced by B88.01 and B88.09"),
    ("D71", "FY2025-04", "FY2026", "became header", "a category that was billable itself"),
    ("E340", "FY2024-04", "FY2025", "became header", "carcinoid syndrome, replaced by E34.00, E34.01 and E34.09"),
    ("Z283", "FY2022", "FY2022-04", "became header", "in the middle of a fiscal year"),
    ("M545", "FY2021-01", "FY2022", "became header", "low back pain, replaced by M54.50, M54.51 and M54.59"),
    ("P09", "FY2021-01", "FY2022", "became header", "a category that was billable itself"),
    ("M358", "FY2021", "FY2021-01", "became header", "in the January 2021 update: M35.81 and M35.89"),
    ("R51", "FY2020", "FY2021", "became header", "headache, replaced by R51.0 and R51.9"),
    ("I602", "FY2016", "FY2020", "became billable", "billable since FY2017: the codes below it were deleted"),
    ("P096", "FY2025-04", "FY2026", "revised, both titles", "a billable code reworded"),
    ("Y07435", "FY2025-04", "FY2026", "revised, both titles", "a billable code: 'perpetrator or' put right to 'perpetrator of'"),
    ("S7421", "FY2025-04", "FY2026", "revised, both titles", "a header reworded, and S74.21XA, S74.21XD and S74.21XS below it"),
    ("K589", "FY2024-04", "FY2025", "revised, both titles", "a billable code reworded"),
    ("W44G", "FY2025-04", "FY2026", "revised, long title only (spacing or punctuation)", "a header: a double blank in the long title put right"),
    ("M3215", "FY2022-04", "FY2024", "revised, short title only", "the long title stays"),
    ("O1001", "FY2022", "FY2022-04", "revised, both titles (spacing or punctuation)", "a header: the comma at the end is gone"),
    ("Z6830", "FY2021-01", "FY2022", "revised, both titles (spacing or punctuation)", "a blank after [BMI]: in the order file, while the addenda of FY2022 leaves the code out; Z68.41 likewise"),
    ("T464X", "FY2016", "FY2020", "revised, both titles", "a header: FY2016 has a blank before the short title and a double blank in the long one"),
]

class Row:
    """One row of an order file: its bytes and what they say."""

    def __init__(self, line):
        self.line = line
        self.code = line[6:13].rstrip().decode("ascii")
        self.flag = line[14:15]
        self.short = line[16:76]
        self.long = line[77:]

    @property
    def entry(self):
        return (self.flag, self.short, self.long)


class Change:
    """One row of an order addenda."""

    def __init__(self, line, has_flag):
        self.line = line
        self.action = line[:13].rstrip().decode("ascii")
        at = 13
        if has_flag:
            self.flag = line[13:14]
            at = 15
        self.code = line[at : at + 7].rstrip().decode("ascii")
        if not has_flag:
            self.flag = b"0" if len(self.code) == 3 else b"1"
        self.short = line[at + 8 : at + 68]
        self.long = line[at + 69 :]

    @property
    def entry(self):
        return (self.flag, self.short, self.long)


class Official:
    """The official files of one release."""

    def __init__(self, releases_dir, catalogue_dir, code_set, release):
        self.code_set = code_set
        self.release = release
        text = (catalogue_dir / code_set / f"{release}.toml").read_text(encoding="utf-8")
        self.catalogue = tomllib.loads(text)
        with zipfile.ZipFile(releases_dir / code_set / f"{code_set}-{release}.zip") as archive:
            wanted = self.catalogue["order_file"]
            self.order_name = wanted["name"]
            data = archive.read(self.order_name)
            if hashlib.sha256(data).hexdigest() != wanted["sha256"]:
                fail(f"{code_set} {release}: the order file is not the one of the catalogue")
            self.rows = [Row(line) for line in data.split(b"\r\n") if line]
            self.addenda = None
            wanted = self.catalogue.get("order_addenda")
            if wanted:
                self.addenda_name = wanted["name"]
                self.addenda_base = self.catalogue["addenda_base"]
                self.addenda = archive.read(self.addenda_name)
                if hashlib.sha256(self.addenda).hexdigest() not in wanted["sha256"]:
                    fail(f"{code_set} {release}: the addenda is not the one of the catalogue")
            names = DOCUMENTS.get((code_set, release), {})
            self.documents = {kind: archive.read(name) for kind, name in names.items()}


def fail(message):
    raise SystemExit(f"error: {message}")


def selected(code_set, code):
    """Whether a code is in the sample."""
    selectors = SELECTORS[code_set]
    return any(code.startswith(s) for s in selectors) or (
        len(code) >= 3 and any(s.startswith(code) for s in selectors)
    )


def order_file(rows):
    """The bytes of an order file, its rows numbered from 1."""
    return b"".join(b"%05d" % n + row.line[5:] + b"\r\n" for n, row in enumerate(rows, 1))


def split_addenda(code_set, data):
    """An order addenda as its changes and its footer, which begins with a blank line."""
    if data.startswith(b"\r\n"):
        body, end = b"", data
    else:
        body = data.split(b"\r\n\r\n", 1)[0]
        end = data[len(body) + 2 :]
    lines = [line for line in body.split(b"\r\n") if line]
    changes = [Change(line, code_set == "icd10cm") for line in lines]
    if b"".join(c.line + b"\r\n" for c in changes) + end != data:
        fail("an addenda was not read whole")
    return changes, end


def count_changes(changes, flag):
    """Additions, deletions, and revisions to both titles, the long one and the short one."""
    added = sum(c.action == "Add:" and c.flag == flag for c in changes)
    deleted = sum(c.action == "Delete:" and c.flag == flag for c in changes)
    kinds = [0, 0, 0]
    for old, new in zip(changes, changes[1:]):
        if old.action != "Revise from:":
            continue
        if new.action != "Revise to:" or (new.code, new.flag) != (old.code, old.flag):
            fail(f"{old.code}: a revision without its other half")
        if old.flag != flag:
            continue
        long_changed, short_changed = old.long != new.long, old.short != new.short
        if long_changed and short_changed:
            kinds[0] += 1
        elif long_changed:
            kinds[1] += 1
        elif short_changed:
            kinds[2] += 1
        else:
            fail(f"{old.code}: a revision that changes nothing")
    return added, deleted, kinds


def footer(official_footer, changes, base_rows, rows):
    """The official footer with its figures counted anew, its words and layout untouched."""
    if not official_footer.strip():
        return official_footer
    figures = []
    for flag in (b"0", b"1"):
        added, deleted, kinds = count_changes(changes, flag)
        figures += [
            sum(r.flag == flag for r in base_rows),
            sum(r.flag == flag for r in rows),
            added,
            deleted,
            sum(kinds),
            *kinds,
        ]
    remaining = iter(figures)
    lines = []
    for line in official_footer.split(b"\r\n"):
        match = re.match(rb" *\d+(?= )", line)
        if match:
            if len(match[0]) != 7:
                fail("a figure of a footer is not seven columns wide")
            line = b"%7d" % next(remaining) + line[7:]
        lines.append(line)
    if next(remaining, None) is not None:
        fail("a footer has fewer figures than expected")
    return b"\r\n".join(lines)


def replay(base_rows, changes):
    """What the base says once the changes are made: code -> entry."""
    entries = {row.code: row.entry for row in base_rows}
    for change in changes:
        if change.action in ("Delete:", "Revise from:"):
            flag, short, long = entries.pop(change.code, (None, None, None))
            if (flag, short, long) != change.entry:
                fail(f"{change.code}: the addenda changes what its base does not say")
        elif change.action in ("Add:", "Revise to:"):
            if change.code in entries:
                fail(f"{change.code}: added twice")
            entries[change.code] = change.entry
        else:
            fail(f"action not understood: {change.action}")
    return entries


def kind_of_change(old, new):
    """What changed of one code between two releases, None when nothing did."""
    if old is None and new is None:
        return None
    if old is None:
        return "new, billable" if new.flag == b"1" else "new, header"
    if new is None:
        return "deleted"
    if old.flag != new.flag:
        return "became billable" if new.flag == b"1" else "became header"
    if old.entry == new.entry:
        return None
    if old.long == new.long:
        kind = "revised, short title only"
    elif old.short == new.short:
        kind = "revised, long title only"
    else:
        kind = "revised, both titles"
    plain = [re.sub(rb"[^A-Za-z0-9]", b"", r.short + r.long) for r in (old, new)]
    return f"{kind} (spacing or punctuation)" if plain[0] == plain[1] else kind


def dotted(code_set, code):
    return code if code_set == "icd10pcs" or len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def toml_string(value):
    return json.dumps(value, ensure_ascii=False)


class Sample:
    """The sample of one release: its rows and, where they fit, its addenda."""

    def __init__(self, official):
        self.official = official
        self.code_set = official.code_set
        self.release = official.release
        self.rows = [r for r in official.rows if selected(official.code_set, r.code)]
        self.by_code = {r.code: r for r in self.rows}
        self.changes = None
        self.addenda = None
        self.residue = set()
        self.documents = {}
        self.counts = {}

    @property
    def billable(self):
        return sum(r.flag == b"1" for r in self.rows)

    def add_addenda(self, base):
        """Cuts the official addenda down to the sample and proves it on both sides."""
        official = self.official
        name = f"{self.code_set} {self.release}"
        changes, end = split_addenda(self.code_set, official.addenda)
        if footer(end, changes, base.official.rows, official.rows) != end:
            fail(f"{name}: the counting does not reproduce the official footer")
        self.changes = [c for c in changes if selected(self.code_set, c.code)]
        self.addenda = b"".join(c.line + b"\r\n" for c in self.changes) + footer(
            end, self.changes, base.rows, self.rows
        )
        replayed = replay(base.rows, self.changes)
        wanted = {r.code: r.entry for r in self.rows}
        if replayed.keys() != wanted.keys():
            fail(f"{name}: the addenda leaves codes unexplained")
        self.residue = {code for code in wanted if wanted[code] != replayed[code]}
        if self.residue != RESIDUE.get((self.code_set, self.release), set()):
            fail(f"{name}: titles left over: {sorted(self.residue)}")

    def add_documents(self, all_codes):
        """Cuts the files around the order file to the codes of the sample, and counts what they hold."""
        rows = [(row.code, row.flag == b"1") for row in self.rows]
        billable = {code for code, is_billable in rows if is_billable}
        indexed = {code for code in self.by_code if code.startswith(tuple(INDEXED))}
        for kind, data in self.official.documents.items():
            name = DOCUMENTS[self.code_set, self.release][kind]
            if kind == "tabular":
                cut = sample_xml.cut_tabular(data, rows)
                count = f"{sample_xml.count_named(cut, 'diag')} codes and levels"
            elif kind in INDEX_KINDS:
                cut = sample_xml.cut_index(data, indexed)
                terms = sample_xml.count_named(cut, "mainTerm") + sample_xml.count_named(cut, "term")
                count = f"{terms} terms"
            elif kind == "conversion_table":
                cut_table = (
                    sample_tables.cut_conversion_csv
                    if name.endswith(".csv")
                    else sample_tables.cut_conversion_workbook
                )
                cut, kept = cut_table(data, all_codes)
                self.prove_days(kept)
                count = f"{len(kept)} rows"
            elif kind == "poa_exempt_list":
                cut = sample_tables.cut_poa(data, self.by_code)
                codes = sample_tables.poa_codes(cut)
                if ("Z515" in codes) != PALLIATIVE_CARE[self.release]:
                    fail(f"{self.release}: Z51.5 is exempt and should not be, or the reverse")
                count = f"{len(codes)} codes"
            elif kind == "pcs_tables":
                cut = sample_xml.cut_pcs_tables(data, billable)
                count = f"{sample_xml.count_named(cut, 'pcsTable')} tables"
            elif kind == "pcs_index":
                cut = sample_xml.cut_pcs_index(data, billable, INDEXED_PROCEDURES)
                terms = sample_xml.count_named(cut, "mainTerm") + sample_xml.count_named(cut, "term")
                count = f"{terms} terms"
            else:
                cut = sample_xml.cut_pcs_definitions(data, self.documents["pcs_tables"])
                count = f"{sample_xml.count_named(cut, 'terms')} definitions"
            self.documents[kind] = cut
            self.counts[kind] = count

    def prove_days(self, kept):
        """Fails unless the conversion table has the days that the README names."""
        days = {
            current: str(date(1899, 12, 30) + timedelta(days=int(value)))
            for (_, current), (kind, value), _ in kept
            if kind == "date"
        }
        for code, day in MID_YEAR.get(self.release, {}).items():
            if days.get(code) != day:
                fail(f"{self.release}: the conversion table does not have {code} from {day}")

    def files(self):
        """(kind, path, bytes, further keys) of each file."""
        folder = f"{self.code_set}/{self.release}"
        keys = {"rows": len(self.rows), "billable": self.billable}
        yield "order_file", f"{folder}/{self.official.order_name}", order_file(self.rows), keys
        if self.addenda is not None:
            keys = {"addenda_base": self.official.addenda_base}
            yield "order_addenda", f"{folder}/{self.official.addenda_name}", self.addenda, keys
        for kind, data in self.documents.items():
            yield kind, f"{folder}/{DOCUMENTS[self.code_set, self.release][kind]}", data, {}


def load(releases_dir, catalogue_dir):
    """The sample of every release, by code set and release."""
    samples = {}
    for code_set, ids in RELEASES.items():
        for release in ids:
            official = Official(releases_dir, catalogue_dir, code_set, release)
            samples[code_set, release] = Sample(official)
        for release in ids:
            sample = samples[code_set, release]
            base = samples.get((code_set, getattr(sample.official, "addenda_base", None)))
            if base:
                sample.add_addenda(base)
        all_codes = {code for release in ids for code in samples[code_set, release].by_code}
        for release in ids:
            samples[code_set, release].add_documents(all_codes)
    return samples


def prove_shown(samples):
    """Fails unless every change that the README names is in the rows."""
    for code, before, after, kind, remark in SHOWN:
        old = samples["icd10cm", before].by_code
        new = samples["icd10cm", after].by_code
        found = kind_of_change(old.get(code), new.get(code))
        if found != kind:
            fail(f"{code} {before} {after}: {kind} expected, found {found}")
        for named in re.findall(r"\b[A-Z]\d[0-9A-Z]\.[0-9A-Z]+\b", remark):
            if named.replace(".", "") not in old.keys() | new.keys():
                fail(f"{code}: the remark names {named}, which neither release holds")


def prove_unchanged(samples):
    """Fails unless the releases that say the same as the one before them are those that the README names."""
    ids = RELEASES["icd10cm"]
    found = {
        after
        for before, after in zip(ids, ids[1:])
        if not any(counts_between(samples["icd10cm", before], samples["icd10cm", after]))
    }
    if found != UNCHANGED:
        fail(f"the same as the release before: {sorted(found)}")


def whole_and_part(samples, code_set):
    """The categories held whole in every release, and those of which only a part is held."""
    whole, part = set(), set()
    for (owner, _), sample in samples.items():
        if owner != code_set:
            continue
        held = {r.code[:3] for r in sample.rows}
        missing = {r.code[:3] for r in sample.official.rows if r.code not in sample.by_code}
        part |= held & missing
        whole |= held
    return sorted(whole - part), sorted(part)


def sample_toml(files):
    lines = []
    for sample, kind, path, data, keys in files:
        lines += [
            "",
            "[[file]]",
            f"path = {toml_string(path)}",
            f"code_set = {toml_string(sample.code_set)}",
            f"release = {toml_string(sample.release)}",
            f"kind = {toml_string(kind)}",
            f"bytes = {len(data)}",
            f"sha256 = {toml_string(hashlib.sha256(data).hexdigest())}",
        ]
        for key, value in keys.items():
            lines.append(f"{key} = {toml_string(value) if isinstance(value, str) else value}")
    return BANNER + "\n".join(lines) + "\n"


def table(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def counts_between(old, new):
    """How many codes changed between two samples, by kind."""
    codes = old.by_code.keys() | new.by_code.keys()
    kinds = [kind_of_change(old.by_code.get(c), new.by_code.get(c)) for c in codes]
    revised = [k for k in kinds if k and k.startswith("revised")]
    return [
        kinds.count("new, billable"),
        kinds.count("new, header"),
        kinds.count("deleted"),
        kinds.count("became header"),
        kinds.count("became billable"),
        len(revised),
    ]


def readme(samples, files):
    shown = [
        (dotted("icd10cm", code), before, after, kind, remark)
        for code, before, after, kind, remark in SHOWN
    ]
    pairs = []
    for code_set, ids in RELEASES.items():
        for before, after in zip(ids, ids[1:]):
            counts = counts_between(samples[code_set, before], samples[code_set, after])
            pairs.append((CODE_SET_NAMES[code_set], before, after, *counts))
    held = []
    for sample, kind, path, data, keys in files:
        if kind == "order_file":
            addenda = f"on {sample.official.addenda_base}" if sample.addenda is not None else "-"
            headers = keys["rows"] - keys["billable"]
            name = CODE_SET_NAMES[sample.code_set]
            held.append((name, sample.release, keys["rows"], headers, keys["billable"], addenda))
    around = [
        (
            CODE_SET_NAMES[sample.code_set],
            sample.release,
            KIND_LABELS[kind],
            sample.counts[kind],
            f"`{path.rsplit('/', 1)[1]}`",
        )
        for sample, kind, path, _, _ in files
        if kind in KIND_LABELS
    ]
    exempt = [release for release, held in PALLIATIVE_CARE.items() if held]
    not_exempt = [release for release, held in PALLIATIVE_CARE.items() if not held]
    days = ", ".join(f"{code} {day}" for code, day in MID_YEAR["FY2026"].items())
    whole, part = whole_and_part(samples, "icd10cm")
    residue = sorted(dotted(s.code_set, c) for s in samples.values() for c in s.residue)
    size = sum(len(data) for *_, data, _ in files)
    return f"""<!-- Written by scripts/make_sample.py from the official files; do not edit by hand. -->

# The bundled sample

A few hundred codes of {len(samples)} releases, with parts of the files around the order file, so that the first run, the documentation and the tests need no download. **It is a sample and never the whole**: a code that is not in it may well be valid. It goes into a database file of its own, and every answer from it says so.

The rows are real: codes, flags and titles are the bytes of the official order files and order addenda of NCHS and CMS, works of the US government. Not as published are these things only: most rows are left out, the order numbers of the order files are counted anew from 00001, the footers of the addenda count the rows that are here, the tables of ICD-10-PCS count the values that are here, and the workbook has the official cells and no more. The files are {size:,} bytes together; `sample.toml` lists every one with its hash. Files are named as the official ones are.

## What is held

{table(["code set", "release", "rows", "headers", "billable", "order addenda"], held)}
An order addenda is here when the sample holds the release that it starts from. Replayed on it, each gives the rows of its own release exactly, but for {len(residue)} titles in FY2022, {" and ".join(residue)}: there the order file has a blank after `[BMI]` that the addenda does not mention.

## The files around the order file

{table(["code set", "release", "file", "holds", "name"], around)}
A tabular list has the chapters, blocks and codes, with all their notes, that the order file of its release lists; expanded by the rule of 7th characters it gives exactly the rows of that order file, in their sequence. Of its introduction the first instruction is here. Indexes and tables have terms that lead to codes of the sample, and the terms above them. A conversion table has the rows whose codes, current and previous, are all in some release here; that of FY2026 has days that are no October 1: {days}. A list of codes exempt from reporting whether they were present on admission (POA) has the codes of its release that are here, with the official order numbers: Z51.5 is exempt in {", ".join(exempt)}, and not in {", ".join(not_exempt)}. The tables of ICD-10-PCS build exactly the billable codes of their order file, the definitions are those of the values in these tables, and the index has a few of the terms that lead to its codes.

Left out altogether: ICD-10-CM FY2014, FY2015, FY2017, FY2018, FY2019, FY2023 and FY2023-04, and every other release of ICD-10-PCS. A day that one of these governs is not covered, and what changed in them shows here between the neighbours.

## Categories

Held whole, so that "the billable codes below" is complete: {", ".join(whole)}.

Held in part, with every level above the codes that are here, but not every code below: {", ".join(part)}.

ICD-10-PCS: tables 027 (02703 with devices 4, D and Z), XW0 (XW00, XW01, XW02, XW0D and XW0G) and XW1 (XW13), all in part.

The rows stand in tabular order, which is not the order of the letters: C4A between C43 and C44, C7A and C7B between C75 and C76, D3A between D36 and D37, QA0 after Q99, U07 and U09 after Z99, S06.1XAS before S06.1X9.

## What it shows, code by code

{table(["code", "from", "to", "change", "what to see"], shown)}
ICD-10-PCS FY2022-04-errata is FY2022-04 reposted with two codes more, XW023X7 and XW023Y7: a revision, not another release. Its addenda has no footer.

ICD-10-CM FY2024-04, FY2025-04 and FY2026-04 say the same as the October release before them; the addenda of the first two are a footer only. FY2027 says the same of the codes that are here, and its addenda here is a footer only, too; of the notes, indexes and lists around its order file none is at hand.

## What changed between neighbours in the sample

{table(["code set", "from", "to", "new billable", "new header", "deleted", "became header", "became billable", "revised"], pairs)}"""


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--releases", type=Path, default=root / "../shared/releases")
    parser.add_argument("--catalogue", type=Path, default=root / "releases")
    parser.add_argument("--out", type=Path, default=root / "releases/sample")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when files differ")
    args = parser.parse_args()

    samples = load(args.releases, args.catalogue)
    prove_shown(samples)
    prove_unchanged(samples)
    files = [(s, *file) for s in samples.values() for file in s.files()]
    wanted = {path: data for _, _, path, data, _ in files}
    wanted["sample.toml"] = sample_toml(files).encode()
    wanted["README.md"] = readme(samples, files).encode()

    differing = []
    for name, data in sorted(wanted.items()):
        path = args.out / name
        if path.is_file() and path.read_bytes() == data:
            continue
        differing.append(name)
        if not args.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    present = sorted(p for p in args.out.rglob("*") if p.is_file())
    for path in present:
        name = path.relative_to(args.out).as_posix()
        if name not in wanted:
            differing.append(name)
            if not args.check:
                path.unlink()
    size = sum(map(len, wanted.values()))
    print(f"{len(samples)} releases, {len(wanted)} files, {size} bytes", file=sys.stderr)
    if args.check and differing:
        for name in differing:
            print(f"differs: {name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
