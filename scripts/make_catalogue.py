#!/usr/bin/env python3
"""Writes the catalogue, one TOML file a release, from the official files.

Every figure is computed from the files in --releases or taken from the tables
in --truth; nothing is typed in by hand but the words around it. The same input
gives the same bytes. With --check it writes nothing and exits 1 when the files
in --out differ from what it would write.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path

BANNER = "# Written by scripts/make_catalogue.py from the official files; do not edit by hand.\n"

CODE_SET_NAMES = {"icd10cm": "ICD-10-CM", "icd10pcs": "ICD-10-PCS"}

MONTH_NAMES = {1: "January", 4: "April", 10: "October"}

# Order files that were not published as bytes that we hold (see releases/README.md).
REBUILT = {("icd10cm", "FY2021")}
DERIVED = {
    ("icd10cm", "FY2026-04"),
    ("icd10pcs", "FY2022"),
    ("icd10pcs", "FY2023"),
    ("icd10pcs", "FY2024"),
    ("icd10pcs", "FY2025-04"),
}

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

# Archives whose name leaves open which edition of their year they hold.
AMBIGUOUS = {
    "2022/Code Descriptions zip.zip": "Not held: that it is the October edition is read off its folder and name only.",
    "2022/Addendum zip.zip": "Not held: that it is the October edition is read off its folder and name only.",
}


class Release:
    """One row of order-file-counts.csv with what its id says."""

    def __init__(self, row):
        self.code_set = row["code_set"]
        self.id = row["release"]
        self.order_name = row["file"]
        self.bytes = int(row["bytes"])
        self.rows = int(row["rows"])
        self.billable = int(row["billable"])
        self.sha256 = row["sha256"]
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
        self.addenda = None  # (name, bytes, [sha256])
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


def kinds_by_name(path):
    """What an archive that is not held holds: only what its name says for certain."""
    base = path.rsplit("/", 1)[-1].lower()
    if not base.endswith(".zip"):
        return {kind_of_member(base)}
    if re.search(r"full_ ?xml", base):
        return {"tabular", "index"}
    if "poaexempt" in base or "poa-exempt" in base:
        return {"poa"}
    if "addend" in base:
        return {"other"}
    if re.search(r"order-codefiles", base):
        return {"order_file", "codes_file"}
    if "codes-file" in base:
        return {"codes_file"}
    if re.search(r"order[-_ ]?(files|descriptions)|codes?[-_ ]?(descriptions|order)", base):
        return {"order_file"}
    return {"other"}


def edition_in_name(path):
    """The month that a path names for a mid-year edition: 1, 4 or None."""
    match = re.search(r"(?<![A-Za-z])effective-(\d{1,2})-\d{1,2}-\d{4}", path, re.I)
    if match:
        return None if int(match[1]) == 10 else int(match[1])
    match = re.search(r"(jan|apr)(?:uary|il)?[-_ ]?(?:1[-_ ])?(?:20)?\d\d", path, re.I)
    return {"jan": 1, "apr": 4}[match[1].lower()] if match else None


def release_of_archive(row, releases):
    """The release of a row of official-archives.csv, None before the first of the catalogue."""
    path = row["path"]
    year = int(re.search(r"20\d\d", path.split("/")[0])[0])
    same_year = [r for r in releases.values() if r.code_set == "icd10cm" and r.fiscal_year == year]
    if not same_year:
        return None
    month = edition_in_name(path)
    if month:
        return releases[("icd10cm", f"FY{year}-{month:02d}")]
    # Loose files carry no edition in their name: the bytes decide.
    holders = [r for r in same_year if row["sha256"] in {h for _, h in r.members.values()}]
    return holders[0] if len(holders) == 1 else releases[("icd10cm", f"FY{year}")]


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


def load(releases_dir, truth_dir):
    """Everything the catalogue says: releases by key, and the archives of no release."""
    with open(truth_dir / "order-file-counts.csv", newline="") as file:
        releases = {r.key: r for r in map(Release, csv.DictReader(file))}
    with open(truth_dir / "official-archives.csv", newline="") as file:
        official = list(csv.DictReader(file))

    addenda = {}  # key -> {sha256: (name, bytes)}
    addenda_bytes = {}
    for release in releases.values():
        path = releases_dir / release.code_set / f"{release.code_set}-{release.id}.zip"
        for name, data in members_of(path).items():
            digest = sha256(data)
            release.members[name] = (len(data), digest)
            if kind_of_member(name) == "order_addenda":
                addenda.setdefault(release.key, {})[digest] = (name, len(data))
                addenda_bytes[digest] = data
        if release.members.get(release.order_name) != (release.bytes, release.sha256):
            raise SystemExit(f"error: {path.name}: the order file is not the one counted")

    held = {}  # sha256 of an archive as published -> (name, bytes, members)
    for path in sorted((releases_dir / "as-published").glob("*.zip")):
        data = path.read_bytes()
        held[sha256(data)] = (path.name, len(data), members_of(path))

    others, seen = [], 0
    for row in official:
        release = release_of_archive(row, releases)
        archive = {
            "publisher": "NCHS",
            "file": row["path"].rsplit("/", 1)[-1],
            "url": row["url"],
            "bytes": int(row["bytes"]),
            "sha256": row["sha256"],
            "note": AMBIGUOUS.get(row["path"]),
        }
        if row["sha256"] in held:
            name, size, members = held.pop(row["sha256"])
            if size != archive["bytes"]:
                raise SystemExit(f"error: {name}: size differs from official-archives.csv")
            archive["holds"] = {kind_of_member(m) for m in members}
            note_addenda(release, members, addenda, addenda_bytes)
        else:
            archive["holds"] = kinds_by_name(row["path"])
        seen += 1
        if release:
            release.archives.append(archive)
        else:
            archive["year"] = int(row["path"].split("/")[0])
            others.append(archive)
    if seen != len(official):
        raise SystemExit("error: a row of official-archives.csv found no place")

    for digest, (name, size, members) in sorted(held.items()):
        release = published_release(name, members, releases)
        note_addenda(release, members, addenda, addenda_bytes)
        release.archives.append(
            {
                "publisher": "CMS",
                "file": name,
                "bytes": size,
                "sha256": digest,
                "holds": {kind_of_member(m) for m in members},
            }
        )

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
    if "url" in archive:
        lines.append(f"url = {string(archive['url'])}")
    lines.append(f"bytes = {archive['bytes']}")
    lines.append(f"sha256 = {string(archive['sha256'])}")
    lines.append(f"holds = {holds(archive['holds'])}")
    return lines


def archive_order(archive):
    """Archives with the order file first, then by what else they hold, then by name."""
    ranks = [KINDS.index(k) for k in archive["holds"]]
    return (archive.get("year", 0), min(ranks), archive["publisher"] == "CMS", archive["file"])


def patch_toml(release, releases_dir, truth_dir, releases):
    """The codes that took effect before any order file carried them."""
    if release.key != ("icd10cm", "FY2020"):
        return []
    source = releases[("icd10cm", "FY2021")]
    zip_path = releases_dir / "icd10cm" / "icd10cm-FY2021.zip"
    rows = members_of(zip_path)[source.order_name].decode("ascii").split("\r\n")
    with open(truth_dir / "icd10cm-conversion-fy2026.csv", newline="") as file:
        conversion = {r["current"].strip(): r for r in csv.DictReader(file)}
    lines = []
    for code in ("U07", "U070", "U071"):
        number, row = next((n, r) for n, r in enumerate(rows, 1) if r[6:13].rstrip() == code)
        billable = row[14] == "1"
        order_file = f"FY2021's order file ({source.order_name}), line {number}"
        if billable:
            dotted = f"{code[:3]}.{code[3:]}"
            found = conversion[dotted]
            effective = found["effective"]
            citation = (
                "NCHS ICD-10-CM conversion table FY2026: row "
                f"'{dotted} | {effective} | {found['previous_raw']}'; titles as in {order_file}"
            )
        else:
            below = [conversion[c]["effective"] for c in ("U07.0", "U07.1")]
            effective = min(below)
            citation = (
                f"The category of U07.0 and U07.1, titles as in {order_file}; "
                "a category cannot take effect after its codes"
            )
        lines += [
            "",
            "[[patch]]",
            f"effective_from = {string(effective)}",
            f"code = {string(code)}",
            f"billable = {str(billable).lower()}",
            f"short_title = {string(row[16:76].rstrip())}",
            f"long_title = {string(row[77:])}",
            f"citation = {string(citation)}",
        ]
    return lines


def release_toml(release, releases_dir, truth_dir, releases):
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
    lines += [
        f"provenance = {string(release.provenance)}",
        "",
        "[order_file]",
        f"name = {string(release.order_name)}",
        f"bytes = {release.bytes}",
        f"rows = {release.rows}",
        f"billable = {release.billable}",
        f"sha256 = {string(release.sha256)}",
    ]
    if release.addenda:
        name, size, hashes = release.addenda
        lines += [
            "",
            "[order_addenda]",
            f"name = {string(name)}",
            f"bytes = {size}",
            "sha256 = [" + ", ".join(map(string, hashes)) + "]",
        ]
    for archive in sorted(release.archives, key=archive_order):
        lines += archive_toml(archive)
    lines += patch_toml(release, releases_dir, truth_dir, releases)
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
    parser.add_argument("--truth", type=Path, default=root / "../shared/truth")
    parser.add_argument("--out", type=Path, default=root / "releases")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when files differ")
    args = parser.parse_args()

    releases, others, archives = load(args.releases, args.truth)
    files = {
        f"{r.code_set}/{r.id}.toml": release_toml(r, args.releases, args.truth, releases)
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
        f"({archives} rows of official-archives.csv), {len(others)} of them of no release",
        file=sys.stderr,
    )
    if args.check and differing:
        for name in differing:
            print(f"differs: {name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
