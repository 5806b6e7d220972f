#!/usr/bin/env python3
"""Writes the catalogue, one TOML file a release, from the official files.

Every figure is computed from the files in --releases; the addresses, and the
hashes of archives that are not there, come from --addresses. Nothing is typed
in by hand but the words around it. The same input gives the same bytes.

--releases holds a folder for each code set, icd10cm and icd10pcs, with one zip a
release (icd10cm-FY2027.zip) of the files as posted; icd10cm-FY2013.zip and
earlier are in before-force, and archives that are kept as posted, whatever their
names, in as-published. --truth compares what was counted with tables counted by
others. With --check it writes nothing and exits 1 when the files in --out differ
from what it would write.
"""

import argparse
import csv
import datetime
import hashlib
import io
import json
import re
import sys
import urllib.parse
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import sample_tables

BANNER = "# Written by scripts/make_catalogue.py from the official files; do not edit by hand.\n"

CODE_SET_NAMES = {"icd10cm": "ICD-10-CM", "icd10pcs": "ICD-10-PCS"}

MONTH_NAMES = {1: "January", 4: "April", 10: "October"}

# Order files that were not published as bytes that we hold, and how each was made (see releases/README.md).
REBUILT = {
    ("icd10cm", "FY2021"): "FY2020's order file with the official addenda of FY2021 applied; it has the official file's hash",
}
DERIVED = {
    ("icd10cm", "FY2026-04"): "FY2026's order file; NCHS reports no change of codes",
    ("icd10pcs", "FY2022"): "FY2022-04's order file with its official addenda undone",
    ("icd10pcs", "FY2023"): "FY2023-04's order file with its official addenda undone",
    ("icd10pcs", "FY2024"): "FY2024-04's order file with its official addenda undone",
    ("icd10pcs", "FY2025-04"): "FY2026's order file with its official addenda undone",
}

# What was published with a list of codes instead of an order file: no release for this program.
WITHOUT_ORDER_FILE = {("icd10cm", "FY2011")}

# Releases that exist, as others of them say, and of which neither a file nor an address is known.
UNSEEN = {("icd10pcs", "FY2021")}

# The order in which `holds` is written.
KINDS = [
    "order_file",
    "order_addenda",
    "codes_file",
    "codes_addenda",
    "tabular",
    "index",
    "conversion_table",
    "poa",
    "other",
]

# What an archive that is not held holds, by the kind that the table of addresses gives it. What a kind
# leaves open is left out.
HELD_BY_KIND = {
    "order_file+addenda (code descriptions zip)": {"order_file"},
    "order_file+addenda": {"order_file", "order_addenda"},
    "order_file+addenda+tables+definitions+index+conversion": {"order_file", "order_addenda", "tabular", "index", "conversion_table"},
    "order_file": {"order_file"},
    "order_addenda": {"order_addenda"},
    "codes_file": {"codes_file"},
    "codes_addenda": {"codes_addenda"},
    "tabular": {"tabular"},
    "tabular+index": {"tabular", "index"},
    "tabular+index (xml)": {"tabular", "index"},
    "tabular+index (xml+pdf)": {"tabular", "index"},
    "index/drug/neoplasm/eindex (xml)": {"index"},
    "tables+definitions+index (xml+pdf)": {"tabular", "index"},
    "conversion_table": {"conversion_table"},
    "conversion_table (xlsx AND csv)": {"conversion_table"},
    "poa": {"poa"},
    "addenda of tabular and index (pdf)": {"other"},
    "addendum": {"other"},
    "drug table (csv)": {"other"},
    "gem": {"other"},
    "guidelines (pdf)": {"other"},
    "other": {"other"},
    "version update summary": {"other"},
    "version update summary (pdf)": {"other"},
}

# A remark that the table of addresses appends to a kind.
REPLACED = re.compile(r", October edition at CMS \((.*may be dead)\)$")


class Release:
    """A release: its id, and of one that is held the counts of its order file, as counts_of has them."""

    def __init__(self, code_set, release, counts=None):
        self.code_set = code_set
        self.id = release
        self.held = counts is not None
        self.counts = counts
        if counts:
            self.order_name = counts["file"]
            self.bytes = counts["bytes"]
            self.rows = counts["rows"]
            self.billable = counts["billable"]
            self.sha256 = counts["sha256"]
        match = re.fullmatch(r"FY(\d{4})(?:-(\d{2}))?(-errata)?", self.id)
        if not match:
            raise SystemExit(f"error: release id not understood: {self.id}")
        self.fiscal_year = int(match[1])
        self.month = int(match[2] or 10)
        self.errata = bool(match[3])
        year = self.fiscal_year - 1 if self.month >= 10 else self.fiscal_year
        self.effective_from = f"{year:04d}-{self.month:02d}-01"
        day = f"{MONTH_NAMES[self.month]} 1 {year}"
        update = "" if self.month == 10 else " update"
        self.title = (
            f"{CODE_SET_NAMES[self.code_set]}, fiscal year {self.fiscal_year} ({day}{update})"
            + (", corrected" if self.errata else "")
        )
        self.corrects = self.id.removesuffix("-errata") if self.errata else None
        self.members = {}  # name -> (bytes, sha256), of the release's own zip
        self.listed = None  # (rows_sha256, categories, category_rows, title_bytes) of its order file
        self.addenda = None  # (name, bytes, [sha256])
        self.documents = []  # (kind, name, bytes, sha256, (entries, letters, last) or None)
        self.addenda_base = None
        self.archives = []

    @property
    def key(self):
        return (self.code_set, self.id)

    @property
    def headers(self):
        return self.rows - self.billable

    @property
    def provenance(self):
        if self.key in REBUILT:
            return "rebuilt"
        return "derived" if self.key in DERIVED else "official"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def members_of(path):
    """The files of an archive: name -> bytes."""
    with zipfile.ZipFile(path) as archive:
        return {i.filename: archive.read(i) for i in archive.infolist() if not i.is_dir()}


def release_zips(releases_dir):
    """The zips of releases, one each, by name."""
    folders = [*CODE_SET_NAMES, "before-force"]
    return sorted(p for folder in folders for p in (releases_dir / folder).glob("*.zip"))


def counts_of(path):
    """The name, size, rows, billable rows and hash of the order file in a release's zip."""
    order_files = {n: data for n, data in members_of(path).items() if kind_of_member(n) == "order_file"}
    if len(order_files) != 1:
        raise SystemExit(f"error: {path.name}: one order file expected, found: {', '.join(order_files) or 'none'}")
    [(name, data)] = order_files.items()
    flags = [row[14:15] for row in data.splitlines() if row.strip()]
    return {
        "file": name,
        "bytes": len(data),
        "rows": len(flags),
        "billable": flags.count(b"1"),
        "sha256": sha256(data),
    }


def kind_of_member(name):
    """What a file inside an archive is, by its official name."""
    base = name.rsplit("/", 1)[-1].lower()
    if base.endswith((".pdf", ".docx")):
        return "other"
    if re.search(r"order[-_]addenda", base):
        return "order_addenda"
    # CMS named the codes addenda of FY2016 icd10cm_addenda_2016.txt.
    if re.search(r"codes[-_]addenda", base) or re.fullmatch(r"icd10cm_addenda_\d{4}\.txt", base):
        return "codes_addenda"
    if re.match(r"icd10(cm|pcs)[-_]order", base):
        return "order_file"
    if re.match(r"icd10(cm|pcs)[-_]codes", base):
        return "codes_file"
    if "conversion" in base:
        return "conversion_table"
    if "poaexempt" in base:
        return "poa"
    if base.endswith(".xml") and re.search(r"tabular|tables", base):
        return "tabular"
    if base.endswith(".xml") and "index" in base:
        return "index"
    return "other"


# What stands around an order file, in the order in which it is imported; the names are those of `codeyear`.
DOCUMENTS = [
    "tabular",
    "index",
    "external_cause_index",
    "drug_table",
    "neoplasm_table",
    "conversion_table",
    "poa_exempt_list",
    "pcs_tables",
    "pcs_definitions",
    "pcs_index",
]


def document_kind(code_set, name, data):
    """Which file around an order file this is, by its content where that tells; None for any other file."""
    base = name.rsplit("/", 1)[-1].lower()
    head = data[:4096].decode("utf-8", "replace")
    if base.endswith(".xml"):
        # The layout of 2011 is not taken.
        if "<version>2011</version>" in head:
            return None
        for root, kind in (("<ICD10CM.tabular", "tabular"), ("<ICD10PCS.tabular", "pcs_tables"), ("<ICD10PCS.definitions", "pcs_definitions"), ("<ICD10PCS.index", "pcs_index")):
            if root in head:
                return kind
        if "<ICD10CM.index" in head:
            title = head.split("<letter>")[0].lower()
            words = (("external", "external_cause_index"), ("drug", "drug_table"), ("substance", "drug_table"), ("neoplasm", "neoplasm_table"), ("malignant", "neoplasm_table"))
            return next((kind for word, kind in words if word in title), "index")
        return None
    if code_set == "icd10cm" and "conversion" in base and base.endswith((".xlsx", ".csv")):
        return "conversion_table"
    if re.match(r"poaexemptcodes", base):
        return "poa_exempt_list"
    return None


def sheet_rows(data):
    """The rows of the one sheet of a workbook, as lists of the cells' texts by column."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as workbook:
        texts = []
        if "xl/sharedStrings.xml" in workbook.namelist():
            strings = ElementTree.fromstring(workbook.read("xl/sharedStrings.xml"))
            texts = ["".join(part.text or "" for part in item.iter(space + "t")) for item in strings.iter(space + "si")]
        (name,) = [name for name in workbook.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)]
        sheet = ElementTree.fromstring(workbook.read(name))
    rows = []
    for row in sheet.iter(space + "row"):
        cells = {}
        for cell in row.iter(space + "c"):
            value = cell.find(space + "v")
            text = "".join(part.text or "" for part in cell.iter(space + "t"))
            if value is not None:
                text = texts[int(value.text)] if cell.get("t") == "s" else value.text
            cells[re.match(r"[A-Z]+", cell.get("r"))[0]] = text
        rows.append([cells.get(column, "") for column in "ABC"])
    return rows


CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.?[0-9A-Z]{1,4})?")


def outline(kind, name, data):
    """What a document lists: how many codes, rows of tables or terms, what these begin with, and the category of
    the last. None of a tabular list, whose codes are those of the order file."""
    if kind == "tabular":
        return None
    heads = []
    if kind == "conversion_table":
        if name.lower().endswith(".csv"):
            rows = csv.reader(io.StringIO(data.decode("utf-8-sig")))
        else:
            rows = sheet_rows(data)
        heads = [row[0].strip() for row in rows if row and CODE.fullmatch(row[0].strip())]
    elif kind == "poa_exempt_list":
        # Some lines have an order number before the code.
        lines = [line.split("\t") for line in data.decode("utf-8-sig").splitlines()[1:] if line.strip()]
        heads = [next(cell.strip() for cell in line if CODE.fullmatch(cell.strip())) for line in lines]
    elif kind == "pcs_tables":
        for table in ElementTree.fromstring(data).iter("pcsTable"):
            code = "".join(axis.find("label").get("code") for axis in table.findall("axis"))
            heads += [code for row in table.findall("pcsRow")]
    elif kind == "pcs_definitions":
        for section in ElementTree.fromstring(data).iter("section"):
            heads += [section.get("code") for axis in section.iter("terms")]
    elif kind == "pcs_index":
        # A digit is a letter of its own there.
        for letter in ElementTree.fromstring(data).iter("letter"):
            heads += [letter.find("title").text for term in letter.iter() if term.tag in ("mainTerm", "term")]
    else:
        for letter in ElementTree.fromstring(data).iter("letter"):
            title = "".join(letter.find("title").itertext()).strip()
            # What begins with a digit stands under no letter.
            head = title if re.fullmatch("[A-Z]", title) else "#"
            heads += [head for term in letter.iter() if term.tag in ("mainTerm", "term")]
    return len(heads), "".join(dict.fromkeys(head[0] for head in heads)), heads[-1][:3]


def listed(data):
    """What is known again of the rows of an order file: a hash over them, their categories
    in the order of the book, `A0:01 A1:5` is A00, A01 and A15, how many rows each of them has,
    and how many bytes the short and long titles have.

    The hash is over code, flag, short title and long title of each row, without trailing blanks, parted by
    tabs and ended by a line feed: whatever ends the lines of the file, the same rows have the same hash.
    """
    digest = hashlib.sha256()
    groups = {}
    counts = {}
    title_bytes = [0, 0]
    for row in data.split(b"\r\n"):
        if not row:
            continue
        code, flag, short, long = row[6:13], row[14:15], row[16:76], row[77:]
        digest.update(b"\t".join((code.rstrip(b" "), flag, short.rstrip(b" "), long.rstrip(b" "))) + b"\n")
        title_bytes[0] += len(short.rstrip(b" "))
        title_bytes[1] += len(long.rstrip(b" "))
        category = code[:3].decode("ascii")
        groups.setdefault(category[:2], {})[category[2]] = True
        counts[category] = counts.get(category, 0) + 1
    listing = " ".join(f"{start}:{''.join(ends)}" for start, ends in groups.items())
    in_order = (counts[start + end] for start, ends in groups.items() for end in ends)
    return digest.hexdigest(), listing, " ".join(map(str, in_order)), title_bytes


def footer_counts(data):
    """The (old, new) counts of headers and codes in the footer of an order addenda."""
    text = data.decode("latin-1")
    headers = [int(n) for n in re.findall(r"^ *(\d+) headers in ", text, re.M)]
    codes = [int(n) for n in re.findall(r"^ *(\d+) codes in ", text, re.M)]
    return (headers, codes) if len(headers) == 2 and len(codes) == 2 else None


def base_of_addenda(release, data, releases):
    """The release that an order addenda starts from: the latest earlier one with the footer's counts."""
    counts = footer_counts(data)
    if counts is None:
        if not release.corrects:
            raise SystemExit(f"error: {release.key}: the addenda has no footer")
        return release.corrects
    (old_headers, new_headers), (old_codes, new_codes) = counts
    if (new_headers, new_codes) != (release.headers, release.billable):
        raise SystemExit(f"error: {release.key}: the footer counts another release")
    fitting = [
        r
        for r in releases.values()
        if r.code_set == release.code_set
        and r.held
        and not r.errata
        and r.effective_from < release.effective_from
        and (r.headers, r.billable) == (old_headers, old_codes)
    ]
    if not fitting:
        raise SystemExit(f"error: {release.key}: no release has the old counts of the footer")
    return max(fitting, key=lambda r: r.effective_from).id


def published_release(name, members, releases):
    """The release whose order file an archive holds, told by bytes, then by file name."""
    found = [
        r
        for r in releases.values()
        for member, data in members.items()
        if kind_of_member(member) == "order_file"
        and sha256(data) == r.sha256
        and member.rsplit("/", 1)[-1] == r.order_name
    ]
    if len(found) != 1:
        raise SystemExit(f"error: {name}: holds the order file of {len(found)} releases")
    return found[0]


def file_of(url):
    """The name of a file by its address. CMS has slashes in some names: what follows the folder is the name."""
    path = urllib.parse.urlsplit(url).path
    match = re.search(r"/files/zip/(.+)$", path)
    return urllib.parse.unquote(match[1] if match else path.rsplit("/", 1)[-1])


def archive_of(row, held):
    """An archive as the catalogue has it, from a row of the table of addresses."""
    url = row["url"]
    kind = row["kind"]
    note = None
    replaced = REPLACED.search(kind)
    if replaced:
        kind = kind[: replaced.start()]
        note = "The October edition; " + replaced[1].replace('"', "'") + "."
    if kind not in HELD_BY_KIND:
        raise SystemExit(f"error: {url}: kind not understood: {kind}")
    archive = {
        "publisher": "NCHS" if ".cdc.gov/" in url else "CMS",
        "file": file_of(url),
        "url": url,
        "bytes": int(row["size"]) if row["size"] else None,
        "sha256": row["sha256"] or None,
        "basis": row["basis"],
        "note": note,
        "holds": HELD_BY_KIND[kind],
    }
    # Of a kind the table of addresses may have the description, which is a document for people.
    if archive["file"].lower().endswith((".pdf", ".docx")):
        archive["holds"] = {"other"}
    if (archive["sha256"] is None) != (row["basis"] == "address by others"):
        raise SystemExit(f"error: {url}: basis and hash do not go together")
    if archive["sha256"] in held:
        name, size, members = held[archive["sha256"]]
        if size != archive["bytes"]:
            raise SystemExit(f"error: {name}: its size differs from that in the table of addresses")
        archive["holds"] = {kind_of_member(m) for m in members}
    return archive


def load(releases_dir, truth_dir, addresses):
    """Everything the catalogue says: releases by key, and the archives of no release."""
    releases = {}
    for path in release_zips(releases_dir):
        code_set, _, release = path.stem.partition("-")
        if code_set not in CODE_SET_NAMES or not release:
            raise SystemExit(f"error: {path}: expected a name such as icd10cm-FY2027.zip")
        if (code_set, release) in releases:
            raise SystemExit(f"error: {path}: another folder has a zip of this release")
        if (code_set, release) not in WITHOUT_ORDER_FILE:
            releases[code_set, release] = Release(code_set, release, counts_of(path))
    uncounted = set(releases) if truth_dir else set()
    for table in ("order-file-counts.csv", "before-force-counts.csv") if truth_dir else ():
        with open(truth_dir / table, newline="") as file:
            for row in csv.DictReader(file):
                release = releases.get((row["code_set"], row["release"]))
                if release is None or any(str(value) != row[name] for name, value in release.counts.items()):
                    raise SystemExit(f"error: {row['code_set']} {row['release']}: counted otherwise than in {table}")
                uncounted.discard(release.key)
    if uncounted:
        raise SystemExit(f"error: {truth_dir} has no counts of {', '.join(map(' '.join, sorted(uncounted)))}")
    with open(addresses, newline="") as file:
        official = [r for r in csv.DictReader(file) if r["code_set"] in CODE_SET_NAMES]
    # A release of which something is published that lists codes is one, whether its files are held or not.
    named = {(r["code_set"], r["release"]) for r in official if "order_file" in r["kind"]}
    for key in sorted((named - WITHOUT_ORDER_FILE) | UNSEEN):
        releases.setdefault(key, Release(*key))

    addenda = {}  # key -> {sha256: (name, bytes)}
    addenda_bytes = {}
    for release in releases.values():
        if not release.held:
            continue
        path = next(p for p in release_zips(releases_dir) if p.stem == f"{release.code_set}-{release.id}")
        for name, data in members_of(path).items():
            digest = sha256(data)
            release.members[name] = (len(data), digest)
            if kind_of_member(name) == "order_addenda":
                addenda.setdefault(release.key, {})[digest] = (name, len(data))
                addenda_bytes[digest] = data
            if name == release.order_name:
                release.listed = listed(data)
            kind = document_kind(release.code_set, name, data)
            if kind:
                own = name.rsplit("/", 1)[-1]
                release.documents.append((kind, own, len(data), digest, outline(kind, own, data)))

    held = {}  # sha256 of an archive as published -> (name, bytes, members)
    for path in sorted((releases_dir / "as-published").glob("*.zip")):
        data = path.read_bytes()
        held[sha256(data)] = (path.name, len(data), members_of(path))

    others, placed = [], set()
    for row in official:
        archive = archive_of(row, held)
        release = releases.get((row["code_set"], row["release"]))
        if release:
            release.archives.append(archive)
        else:
            archive["year"] = int(re.search(r"\d{4}", row["release"])[0])
            others.append(archive)
        if archive["sha256"] in held:
            placed.add(archive["sha256"])
            note_addenda(release, held[archive["sha256"]][2], addenda, addenda_bytes)
    unplaced = [name for digest, (name, *_) in held.items() if digest not in placed]
    if unplaced:
        raise SystemExit(f"error: held as published, and in no row of the table of addresses: {unplaced}")

    for key, versions in addenda.items():
        release = releases[key]
        own = [h for _, h in release.members.values() if h in versions][0]
        name, size = versions[own]
        hashes = [own] + sorted(h for h in versions if h != own)
        release.addenda = (name, size, hashes)
        release.addenda_base = base_of_addenda(release, addenda_bytes[own], releases)
    return releases, others, len(official)


def note_addenda(release, members, addenda, addenda_bytes):
    """Records the order addenda found in an archive as published."""
    for name, data in members.items():
        if kind_of_member(name) == "order_addenda":
            digest = sha256(data)
            addenda[release.key].setdefault(digest, (name.rsplit("/", 1)[-1], len(data)))
            addenda_bytes[digest] = data


def string(value):
    """A TOML basic string."""
    return json.dumps(value, ensure_ascii=False)


def holds(kinds):
    return "[" + ", ".join(string(k) for k in KINDS if k in kinds) + "]"


def archive_toml(archive):
    lines = ["", "[[archive]]"]
    if archive.get("note"):
        lines.append(f"# {archive['note']}")
    if "year" in archive:
        lines.append(f"year = {archive['year']}")
    lines.append(f"publisher = {string(archive['publisher'])}")
    lines.append(f"file = {string(archive['file'])}")
    lines.append(f"url = {string(archive['url'])}")
    if archive["bytes"] is not None:
        lines.append(f"bytes = {archive['bytes']}")
    if archive["sha256"] is not None:
        lines.append(f"sha256 = {string(archive['sha256'])}")
    lines.append(f"basis = {string(archive['basis'])}")
    lines.append(f"holds = {holds(archive['holds'])}")
    return lines


def archive_order(archive):
    """Archives with the order file first, then by what else they hold, then by name."""
    ranks = [KINDS.index(k) for k in archive["holds"]]
    return (archive.get("year", 0), min(ranks), archive["publisher"] == "CMS", archive["file"], archive["url"])


def patch_toml(release, releases_dir, releases):
    """The codes that took effect before any order file carried them."""
    if release.key == ("icd10cm", "FY2020"):
        patches = covid_diagnoses(releases_dir, releases)
    elif release.key == ("icd10pcs", "FY2020"):
        patches = covid_procedures(releases_dir, releases)
    else:
        return []
    lines = []
    for effective, row, citation in patches:
        lines += [
            "",
            "[[patch]]",
            f"effective_from = {string(effective)}",
            f"code = {string(row[6:13].rstrip())}",
            f"billable = {str(row[14] == '1').lower()}",
            f"short_title = {string(row[16:76].rstrip())}",
            f"long_title = {string(row[77:])}",
            f"citation = {string(citation)}",
        ]
    return lines


def order_rows(releases_dir, release):
    """The lines of a release's order file by code, each with its number."""
    zip_path = releases_dir / release.code_set / f"{release.code_set}-{release.id}.zip"
    rows = members_of(zip_path)[release.order_name].decode("ascii").split("\r\n")
    return {row[6:13].rstrip(): (number, row) for number, row in enumerate(rows, 1) if row}


def covid_diagnoses(releases_dir, releases):
    """U07.0, U07.1 and their category: (first day, row of the order file that has the titles, citation)."""
    source = releases[("icd10cm", "FY2021")]
    rows = order_rows(releases_dir, source)
    workbook = members_of(releases_dir / "icd10cm" / "icd10cm-FY2026.zip")["ICD-10-CM-CONVERSION-TABLE-FY2026.xlsx"]
    conversion = {}
    for cells in sample_tables.read_cells(workbook):
        # A number of five digits counts the days from the end of 1899.
        effective = cells.get("B", "")
        if re.fullmatch(r"\d{5}", effective):
            day = datetime.date(1899, 12, 30) + datetime.timedelta(days=int(effective))
            conversion[cells["A"].strip()] = {"effective": day.isoformat(), "previous_raw": cells["C"]}
    for code in ("U07", "U070", "U071"):
        number, row = rows[code]
        order_file = f"FY2021's order file ({source.order_name}), line {number}"
        if row[14] == "1":
            dotted = f"{code[:3]}.{code[3:]}"
            found = conversion[dotted]
            effective = found["effective"]
            citation = (
                "NCHS ICD-10-CM conversion table FY2026: row "
                f"'{dotted} | {effective} | {found['previous_raw']}'; titles as in {order_file}"
            )
        else:
            effective = min(conversion[c]["effective"] for c in ("U07.0", "U07.1"))
            citation = (
                f"The category of U07.0 and U07.1, titles as in {order_file}; "
                "a category cannot take effect after its codes"
            )
        yield effective, row, citation


def covid_procedures(releases_dir, releases):
    """The codes of ICD-10-PCS that the conversion table dates to a day on which no release begins, and their tables.

    Each is (first day, row of the order file that has the titles, citation).
    """
    first_days = {r.effective_from[5:] for r in releases.values() if r.code_set == "icd10pcs"}
    name = "icd10pcs_conversion_table_2022.xlsx"
    workbook = members_of(releases_dir / "icd10pcs" / "icd10pcs-FY2022-04-errata.zip")[name]
    dated = {}
    for number, cells in enumerate(sample_tables.read_cells(workbook), 1):
        month_and_day = cells.get("H", "").replace(".", "-")
        if number > 1 and month_and_day not in first_days:
            code, year = cells["A"], cells["C"]
            dated.setdefault(code, (f"{year}-{month_and_day}", number, cells))
    source = releases[("icd10pcs", "FY2021-01")]
    rows = order_rows(releases_dir, source)
    known = order_rows(releases_dir, releases[("icd10pcs", "FY2020")])
    tables = {code[:3] for code in dated} - known.keys()
    for code in sorted(dated.keys() | tables):
        number, row = rows[code]
        order_file = f"FY2021-01's order file ({source.order_name}), line {number}"
        if code in tables:
            below = sorted(c for c in dated if c.startswith(code))
            effective = min(dated[c][0] for c in below)
            citation = (
                f"The table of {' and '.join(below)}, titles as in {order_file}; "
                "a table cannot take effect after its codes"
            )
        else:
            effective, line, cells = dated[code]
            citation = (
                f"CMS ICD-10-PCS conversion table FY2022 ({name}), row {line}: "
                f"'{code} | {cells['C']} | {cells['D']} | {cells['H']}'; titles as in {order_file}"
            )
        yield effective, row, citation


def release_toml(release, releases_dir, releases):
    lines = [
        f"code_set = {string(release.code_set)}",
        f"release = {string(release.id)}",
        f"effective_from = {string(release.effective_from)}",
        f"title = {string(release.title)}",
    ]
    if release.addenda_base:
        lines.append(f"addenda_base = {string(release.addenda_base)}")
    if release.corrects:
        lines.append(f"corrects = {string(release.corrects)}")
    if release.held:
        rows_sha256, categories, category_rows, title_bytes = release.listed
        lines += [
            "",
            "[order_file]",
            f"name = {string(release.order_name)}",
            f"bytes = {release.bytes}",
            f"rows = {release.rows}",
            f"billable = {release.billable}",
            f"sha256 = {string(release.sha256)}",
            f"rows_sha256 = {string(rows_sha256)}",
            f"title_bytes = {title_bytes}",
            f"categories = {string(categories)}",
            f"category_rows = {string(category_rows)}",
            f"provenance = {string(release.provenance)}",
        ]
        made = REBUILT.get(release.key) or DERIVED.get(release.key)
        if made:
            lines.append(f"made_from = {string(made)}")
    if release.addenda:
        name, size, hashes = release.addenda
        lines += [
            "",
            "[order_addenda]",
            f"name = {string(name)}",
            f"bytes = {size}",
            "sha256 = [" + ", ".join(map(string, hashes)) + "]",
        ]
    for kind, name, size, digest, contents in sorted(release.documents, key=lambda d: (DOCUMENTS.index(d[0]), d[1])):
        lines += [
            "",
            "[[document]]",
            f"kind = {string(kind)}",
            f"name = {string(name)}",
            f"bytes = {size}",
            f"sha256 = {string(digest)}",
        ]
        if contents:
            entries, letters, last = contents
            lines += [f"entries = {entries}", f"letters = {string(letters)}", f"last = {string(last)}"]
    for archive in sorted(release.archives, key=archive_order):
        lines += archive_toml(archive)
    lines += patch_toml(release, releases_dir, releases)
    return BANNER + "\n".join(lines) + "\n"


def others_toml(others):
    lines = ["# Archives of fiscal years before the first release of the catalogue."]
    for archive in sorted(others, key=archive_order):
        lines += archive_toml(archive)
    return BANNER + "\n".join(lines) + "\n"


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--releases", type=Path, default=root / "../shared/releases")
    parser.add_argument("--truth", type=Path, help="a folder with tables of counts to agree with")
    parser.add_argument("--addresses", type=Path, default=root / "scripts/addresses.csv")
    parser.add_argument("--out", type=Path, default=root / "releases")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when files differ")
    args = parser.parse_args()

    releases, others, archives = load(args.releases, args.truth, args.addresses)
    files = {
        f"{r.code_set}/{r.id}.toml": release_toml(r, args.releases, releases)
        for r in releases.values()
    }
    files["other-archives.toml"] = others_toml(others)
    placed = sum(len(r.archives) for r in releases.values()) + len(others)

    differing = []
    for name, text in sorted(files.items()):
        path = args.out / name
        if path.is_file() and path.read_bytes() == text.encode():
            continue
        differing.append(name)
        if not args.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    for code_set in CODE_SET_NAMES:
        for path in sorted((args.out / code_set).glob("*.toml")):
            if f"{code_set}/{path.name}" not in files:
                differing.append(f"{code_set}/{path.name}")
                if not args.check:
                    path.unlink()
    print(
        f"{len(releases)} releases, {placed} archives "
        f"({archives} rows of the table of addresses), {len(others)} of them of no release",
        file=sys.stderr,
    )
    if args.check and differing:
        for name in differing:
            print(f"differs: {name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
