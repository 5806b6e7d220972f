#!/usr/bin/env python3
"""Records the answers of a program, and compares two recordings.

`record` imports all releases of ICD-10-CM and ICD-10-PCS into a database in a temporary folder, runs
the commands of the tables below, then asks a server for pages, JSON and FHIR. Each answer is a file of
its own: a command with exit code, stdout, stderr and the files that it wrote; a request with status,
headers and body. `compare` wants the same bytes of both; in HTML a run of white space counts as one blank.

What would differ between two runs of one program is replaced by a fixed word: REPLACED says what. Today
is TODAY, the program is a copy in the temporary folder, as are HOME and all that it reads and writes, and
nothing is asked of another machine.
"""

import argparse
import dataclasses
import fnmatch
import functools
import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zipfile
from pathlib import Path

TODAY = "2026-05-01"

# What differs between runs: in which answers, what, and the word in its place. `%(name)s` is a value of
# this run, as `Recorder.known` has it.
REPLACED = [
    ("*", r"%(work)s", "<WORK>"),  # the temporary folder
    ("*", r"%(releases)s", "<RELEASES>"),  # the folder of releases
    ("*", r"%(server)s", "<SERVER>"),  # host and port of the server
    ("*", r"%(mirror)s", "<MIRROR>"),  # host and port of the mirror
    ("*", r"%(busy)s", "<BUSY>"),  # host and port that another program listens on
    # How often the server was asked whether it is ready.
    ("server/*", r"(?m)^.*/healthz.*\n", ""),
    ("server/*", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "<TIME>"),  # when a line was logged
    ("server/*", r'(?<=microseconds)("?[:=])\d+', r"\1<MICROSECONDS>"),  # how long a request took
    ("server/*", r"(?<=codeyear_connections) \d+", " <CONNECTIONS>"),  # some may not be closed yet
    ("server/*", r"(?m)(?<=^codeyear_request_duration_seconds)(_sum|_bucket)(.*) \S+$", r"\1\2 <SECONDS>"),
]

# Headers of HTTP that say nothing of the answer, or when and how it was sent.
HEADERS_LEFT_OUT = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}

# A longer record is packed.
LONG = 1_000_000

# A command or a request that takes longer, in seconds, hangs.
TIMEOUT = 60

# How many differing lines of a part are shown, and how much of each.
SHOWN_LINES = 3
SHOWN_WIDTH = 200

# What is written last: a recording without it was broken off.
WHOLE = "recording.txt"

PART = re.compile(rb"=== (.+), (\d+) bytes\n")

CM = "http://hl7.org/fhir/sid/icd-10-cm"
PCS = "http://www.cms.gov/Medicare/Coding/ICD10"


class RecordError(Exception):
    """Answers cannot be recorded, or recordings cannot be compared."""


@dataclasses.dataclass
class Command:
    """A command: its arguments as on a shell, and what it reads from stdin."""

    line: str
    stdin: bytes = b""
    today: str | None = TODAY
    env: dict = dataclasses.field(default_factory=dict)
    # Its files are too long to be kept: only their hashes are.
    only_hashes: bool = False


@dataclasses.dataclass
class Request:
    """A request: its address, as people write it, and what is sent with it."""

    address: str
    method: str = "GET"
    body: bytes | None = None
    headers: dict = dataclasses.field(default_factory=dict)


# Inputs


CLAIMS = """\
claim_id,patient,service_date,admitted,discharged,dx1,dx2,px1,charge
1,SECRET,2026-03-01,,,C7B.00,C7B,,100.00
2,SECRET,2021-10-01,,,M54.5,m54.50,,85.50
3,SECRET,2015-09-30,,,C7B.00,,,20
4,SECRET,2030-01-01,,,C7B.00,,,20
5,SECRET,2020-03-31,,,U07.1,J12.82,,"1,200.00"
6,SECRET,2021-02-30,,,M54.5,,,10
7,SECRET,2024-06-01,,,S52.501,S06.1X,,10
8,SECRET,2021-09-28,2021-09-25,2021-10-02,M54.5,R07.9,0SG604Z,9000
9,SECRET,2025-10-01,,,S30.1XXA,G35,0SG604Z,300
10,SECRET,2024-06-01,,,250.00,Z99.999,,15
11,SECRET,2022-05-01,,,XW023X7,C7B..0,02703DY,15
12,SECRET,2020-11-15,,,I10,,02703DZ,15
13,SECRET,2024-06-01,,,I10,E11.9,,15,too,many
14,SECRET,2024-06-01,,,,,,15
15,SECRET,,,,I10,,,15
16,SECRET,2024-06-01,,," i10 ",é,,not an amount
"""

NDJSON = """\
{"id": 1, "patient": "SECRET", "dx": ["C7B.00", "C7B"], "dos": "2026-03-01", "paid": {"x": 1}}
{"id": 2, "patient": "SECRET", "dx": "M54.5", "dos": "2021-10-01"}
{"id": 3, "patient": "SECRET", "dx": null, "dos": null}
{"id": 4, "patient": "SECRET", "dx": "C7B.00"}
{"id": 5, "patient": "SECRET", "dx": {"code": "I10"}, "dos": "2024-06-01"}
not JSON SECRET
{"id": 6, "patient": "SECRET", "dx": "S30.1XXA", "dos": "2025-10-01"}
"""

PROFESSIONAL = (
    "CLM*A1-SECRET*85***11:B:1~HI*ABK:M545*ABF:C7B00~LX*1~SV1*HC:99213*85*UN*1***1:2~DTP*472*D8*20211001~"
    "CLM*A2-SECRET*90***11:B:1~HI*ABK:S301XXA*BF:25000~LX*1~SV1*HC:99213*90*UN*1***1~DTP*472*D8*20251001~"
    "CLM*A3-SECRET*95***11:B:1~DTP*431*D8*20240601~HI*ABK:I10~LX*1~SV1*HC:99213*95*UN*1***1~"
)

INSTITUTIONAL = (
    "CLM*C1-SECRET*12345.6***11:A:1**A*Y*Y~DTP*434*RD8*20210925-20211002~DTP*435*DT*202109250815~"
    "CL1*1*1*01~HI*ABK:M545:::::::Y~HI*ABJ:R079~HI*BBR:0SG604Z:D8:20210926~"
    "CLM*C2-SECRET*10***13:A:1~DTP*434*D8*20251001~HI*ABK:G35~HI*QQQ:I10~"
)


def interchange(guide, segments):
    """Returns an X12 interchange of one transaction set."""
    count = segments.count("~") + 4
    return (
        "ISA*00*          *00*          *ZZ*SUBMITTER      *ZZ*RECEIVER       *251001*1200*^*00501*000000905*0*T*:~"
        f"GS*HC*SUBMITTER*RECEIVER*20251001*1200*7*X*{guide}~ST*837*0021*{guide}~BHT*0019*00*1*20251001*1200*CH~"
        f"HL*1**20*1~{segments}SE*{count}*0021~GE*1*7~IEA*1*000000905~"
    )


def fhir_claims():
    """Returns a bundle with resources that are claims, and one that is none."""

    def concept(code, system=CM):
        return {"coding": [{"system": system, "code": code}]}

    claim = {
        "resourceType": "Claim",
        "id": "c1",
        "billablePeriod": {"start": "2021-10-01"},
        "diagnosis": [
            {"sequence": 1, "diagnosisCodeableConcept": concept("M54.5")},
            {"sequence": 2, "diagnosisCodeableConcept": concept("C7B.00")},
        ],
        "procedure": [{"sequence": 1, "procedureCodeableConcept": concept("0SG604Z", PCS)}],
        "total": {"value": 120.5, "currency": "USD"},
    }
    condition = {"resourceType": "Condition", "id": "c2", "code": concept("S30.1XXA")}
    resources = [
        {"resourceType": "Patient", "name": [{"family": "SECRET"}]},
        claim,
        condition | {"recordedDate": "2025-10-01"},
        condition | {"onsetDateTime": "2024-06-01"},
        {"resourceType": "Procedure", "code": concept("02703DZ", PCS), "performedDateTime": "2020-11-15"},
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def write_inputs(work, releases):
    """Writes the small files that commands read, and a link to the releases."""
    (work / "releases").symlink_to(releases)
    bundle = fhir_claims()
    lines = [json.dumps(entry["resource"]) + "\n" for entry in bundle["entry"]]
    us_dates = re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\2/\3/\1", CLAIMS)
    texts = {
        "claims.csv": CLAIMS,
        "claims-us.tsv": us_dates.replace('"1,200.00"', "1200").replace(",", "\t"),
        "claims.ndjson": NDJSON,
        "nul.csv": "id,dx,dos\n1,I10,2024-06-01\n2,I\x0010,2024-06-01\n3,E11.9,2024-06-01\n",
        "good.csv": "id,dx,dos\n1,I10,2024-06-01\n2,E11.9,20240601\n",
        "compact.csv": "id;dx;set;dos\n1;I10;ABK;20240601\n2;02703DZ;BBR;20240601\n3;25000;BK;20140601\n",
        "undated.csv": "id,dx\n1,M54.50\n2,U07.1\n3,G35\n4,I10\n",
        "professional.837": interchange("005010X222A1", PROFESSIONAL),
        "institutional.837": interchange("005010X223A2", INSTITUTIONAL),
        "cut.837": interchange("005010X223A2", INSTITUTIONAL)[:400],
        "bundle.json": json.dumps(bundle, indent=1),
        "resources.ndjson": "".join(lines),
        "codes.txt": "C7B\nM54.5\n\nS30.1XXA\nG35\nE11.9\nQ99.99\n",
        "uses.csv": "dx1,dx2,paid\nG35,S30.1XXA,1\nG35,E11.9,1\nS30.1XXA,xyz!,1\nC7B.00,Q99.99,1\nI10,,1,more\n",
        "words.txt": "many words\nand no codes\n",
        "empty.txt": "",
        "empty/nothing.txt": "nothing here\n",
        "page/icd10cm-FY2026.zip": "<!DOCTYPE html><html><body>Access denied</body></html>",
    }
    for name, text in texts.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    (work / "claims.csv.gz").write_bytes(gzip.compress(CLAIMS.encode(), mtime=0))
    with zipfile.ZipFile(releases / "icd10cm/icd10cm-FY2023.zip") as archive:
        order = archive.read("icd10cm_order_2023.txt")
    rows = order.splitlines(keepends=True)
    broken = rows[:20] + [rows[20][:14] + b"2" + rows[20][15:]] + rows[21:]
    for name, data in {
        "cut/icd10cm_order_2023.txt": b"".join(rows[:5000]),
        "broken/icd10cm_order_2023.txt": b"".join(broken),
        "lines/icd10cm_order_2023.txt": order.replace(b"\r\n", b"\n"),
        "other/icd10cm_order_2023.txt": order.replace(b"Cholera, unspecified", b"Cholera, unexplained"),
        "unknown/order.txt": b"".join(rows[:300]),
    }.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_bytes(data)
    (work / "for-pack").mkdir()
    for name in ["icd10cm/icd10cm-FY2027.zip", "icd10pcs/icd10pcs-FY2026.zip"]:
        shutil.copy(releases / name, work / "for-pack")


# Commands, by group, in the order in which they run. What a command writes into `out/` is recorded.


VERBS = (
    "fetch init import remove releases status check history show compare search diff audit export serve verify "
    "backup demo pack completions man"
).split()

IMPORT_ALL = "import releases/icd10cm releases/icd10pcs"

BUILD = [
    "check C7B.00 --on 2026-03-01",
    "releases",
    "status",
    Command(IMPORT_ALL),
    "backup full.db",
    "backup full.db",
    "backup full.db --force --format json",
    "--db missing.db backup other.db",
    "releases",
]

CHECK = [
    "check C7B.00 --on 2026-03-01",
    "check C7B --on 2026-03-01",
    "check C7B M54.5 --on 2026-03-01 --format json",
    "check C7B M54.5 --on 2026-03-01 --no-dots",
    "check C7B M54.5 --on 2026-03-01 --color always",
    "check M54.5 --on 2021-09-30",
    "check M54.5 --on 2021-10-01",
    "check M54.5 m545 M545. --on 2021-10-01",
    "check S30.1XXA --on 2025-09-30",
    "check S30.1XXA --on 2025-10-01",
    "check S30.1XXA --on 2025-10-01 --format json",
    "check M54.50 --on 2020-01-01",
    "check M54.50 --on 2020-01-01 --format json",
    "check C78.31",
    "check U07.1 --on 2020-03-31",
    "check U07.1 U09.9 --on 2020-04-01",
    "check Z28.3 --on 2022-03-31",
    "check Z28.3 --on 2022-04-01",
    "check C7B.00 02703DZ --on 2015-09-30",
    "check C7B.00 02703DZ --on 2015-09-30 --format json",
    "check C7B.00 02703DZ --on 2010-01-01",
    "check C7B.00 --on 2027-10-01",
    "check C7B.00 02703DZ --on 2027-10-01 --format json",
    "check 02703DZ --on 2020-11-15",
    "check 02703DZ 027 0270 02703DY 02703D XW023X7",
    "check 02703DZ 027 0270 02703DY 02703D XW023X7 --format json",
    "check XW023X7 XW023Y7 --on 2022-04-01",
    "check 0SG604Z --on 2025-09-30",
    "check 0SG604Z --on 2025-10-01",
    "check 001 --on 2026-05-01 --all",
    "check 001 A00 --code-set icd10cm",
    "check I10 02703DZ --code-set icd10pcs",
    "check S52.5 S06.1X",
    "check S06.1X --all",
    "check S52.501 S52.501X T42.4 --format json",
    "check '' ' ' '!!' é C 1 C7B.000.1 C7B..0 S06.1XASX Z99.999 250.00",
    "check '' '!!' é C 1 C7B.000.1 Z99.999 250.00 --format json",
    "check " + "A" * 300,
    "check M54.5 --year 2022",
    "check M54.5 Z28.3 02703DZ --year 2021",
    "check Z28.3 U07.1 --year 2020 --format json",
    "check C7B.00 --year 2030",
    Command("check - --on 2025-10-01", stdin=b"\xef\xbb\xbfC7B.00\r\n\r\n  G35 \nS30.1XXA\n"),
    Command("check - C7B.00 --format json", stdin=b"I10\nE11.9"),
    Command("check -", stdin=b"\n \n"),
    Command("check -", stdin=b"C7B\xff\n"),
    "check",
    "check C7B --on 2026-02-30",
    "check C7B --on tomorrow",
    "check C7B --on 2026-03-01 --year 2026",
    "check C7B --year FY2022-04",
    "check C7B --code-set hcpcs",
    "check C7B --format csv",
    "check C7B --fhir",
    "--db full.db check C7B M54.5 --on 2026-03-01",
    "--db missing.db check C7B",
    "--db claims.csv check C7B",
    "--db empty.txt check C7B",
    Command("check C7B --on 2026-03-01", env={"CODEYEAR_DB": "full.db"}, today=None),
    Command("check C7B --on 2026-03-01", env={"CODEYEAR_DB": ""}, today=None),
    Command("check C7B --on 2026-03-01", env={"CODEYEAR_DB": "missing.db"}, today=None),
    Command("check C7B", today="2015-09-30"),
    Command("check C7B", today="someday"),
]

HISTORY = [
    "history M54.5",
    "history M54.5 --format json",
    "history M54.50 --no-dots",
    "history Z28.3",
    "history U07.1 --format json",
    "history G35",
    "history S30.1XXA",
    "history C7B.00",
    "history G56.03 --format json",
    "history Z51.5",
    "history 02703DZ",
    "history 0SG604Z --format json",
    "history XW023X7",
    "history 027",
    "history Z99.999",
    "history Z99.999 --format json",
    "history '!!'",
    "history 001 --code-set icd10cm",
    "--db full.db history M54.5 --color always",
    "history",
]

SHOW = [
    "show C7B.1",
    "show C7B.1 --format json",
    "show C7B.1 --no-dots --color always",
    "show M54.5 --on 2021-10-01",
    "show M54.5 --on 2021-10-01 --nearest",
    "show M54.5 --on 2016-10-01",
    "show M54.5 --on 2016-10-01 --all --format json",
    "show S52.501A",
    "show S52.501A --nearest --all",
    "show T42.4X1A --nearest --format json",
    "show E11 --on 2017-01-01",
    "show E11.9 --on 2017-01-01 --all",
    "show C78.31 --on 2026-10-01",
    "show C78.31",
    "show S30.1XXA --on 2025-10-01 --format json",
    "show I10 --on 2030-01-01",
    "show I10 --on 2012-01-01",
    "show I10 --on 2012-01-01 --format json",
    "show 02703DZ",
    "show 02703DZ --format json",
    "show 02703DY",
    "show 02703DY --on 2022-05-01 --format json",
    "show 027 --on 2017-01-01 --nearest",
    "show 027 --all",
    "show 02703DZ --on 2020-11-15",
    "show Z99.999",
    "show '!!' --format json",
    "--db full.db show C7B.1 --on 2026-05-01",
    "show",
]

COMPARE = [
    "compare C7A.00 C4A.0",
    "compare C7A.00 C4A.0 --format json",
    "compare C7A C7B --all",
    "compare C7A C7B --on 2021-10-01",
    "compare C7A C7B --on 2021-10-01 --nearest",
    "compare M54.5 M54.50 --on 2021-10-01 --format json",
    "compare E11.9 E11.9",
    "compare E10 E11 --on 2017-01-01 --no-dots",
    "compare 02703DZ 02703D6",
    "compare 02703DZ 027 --format json",
    "compare C7A 02703DZ",
    "compare C7A Z99.999",
    "compare C7A C7B --on 2030-01-01",
    "compare C7A",
    "--db full.db compare C7A C7B",
]

SEARCH = [
    "search low back pain",
    "search low back pain --on 2021-09-30",
    "search low back pain --format json",
    "search low back pain --unlisted",
    "search carcinoid liver --no-dots",
    "search Merkel nodal",
    "search Merkel nodal --on 2017-01-01 --format json",
    "search Sjögren",
    "search diabet --limit 3",
    "search diabetes --limit 0",
    "search M54 --limit 5",
    "search dilation coronary --code-set icd10pcs --limit 5",
    "search dilation coronary --code-set icd10pcs --limit 5 --format json",
    "search zzzzz",
    "search '!!'",
    "search ''",
    "search fever --on 2030-01-01",
    "search fever --on 2012-01-01 --format json",
    "search fever --limit many",
    "search",
    "--db full.db search low back pain --color always",
]

DIFF = [
    "diff FY2025 FY2026",
    "diff FY2025 FY2026 --no-dots --color always",
    "diff FY2025 FY2026 --format markdown",
    "diff FY2025 FY2026 --format csv",
    "diff FY2025 FY2026 --format json",
    "diff FY2025 FY2026 --format html",
    "diff FY2025 FY2026 -o out/changes.xlsx",
    "diff FY2025 FY2026 -o out/changes.html",
    "diff FY2025 FY2026 -o out/changes.md",
    "diff FY2025 FY2026 -o out/changes.csv",
    "diff FY2025 FY2026 -o out/changes.json",
    "diff FY2025 FY2026 -o out/changes.txt",
    "diff FY2025 FY2026 -o out/changes.pdf",
    "diff FY2025 FY2026 -o nowhere/changes.html",
    "diff FY2026 FY2025 --under G35 --under S30",
    "diff FY2025 FY2026 --under C50-C58,G35",
    "diff FY2025 FY2026 --under C50-C58 --format html",
    "diff FY2025 FY2026 --under xyz",
    "diff FY2025 FY2026 --under C58-C50",
    "diff FY2022 FY2022-04",
    "diff FY2022 FY2022-04 --format json",
    "diff FY2021-01 FY2022",
    "diff FY2026 FY2026",
    "diff FY2026 FY2026-04",
    "diff FY2014 FY2026 --format csv",
    "diff FY2026 FY2027",
    "diff FY2025-04 FY2026-04 --notes",
    "diff FY2025-04 FY2026-04 --notes --format markdown",
    "diff FY2025-04 FY2026-04 --notes --format csv",
    "diff FY2025-04 FY2026-04 --notes --format json",
    "diff FY2025-04 FY2026-04 --notes -o out/notes.html",
    "diff FY2025-04 FY2026-04 --notes -o out/notes.xlsx",
    "diff FY2025-04 FY2026-04 --notes --under C7A",
    "diff FY2025 FY2026 --notes",
    "diff FY2025 FY2026 --code-set icd10pcs",
    "diff FY2023 FY2024 --code-set icd10pcs --format csv",
    "diff FY2025-04 FY2026 --code-set icd10pcs -o out/changes.html",
    "diff FY2022-04 FY2022-04-errata --code-set icd10pcs",
    "diff FY2022-04 FY2023 --code-set icd10pcs --format json --under 0SG",
    "diff FY2025 FY2026 --code-set icd10pcs --notes",
    "diff FY2025 FY2026 --only codes.txt",
    "diff FY2025 FY2026 --only codes.txt --format json",
    "diff FY2025 FY2026 --only uses.csv --code 'dx*'",
    "diff FY2025 FY2026 --only uses.csv --code dx1,2 --format json",
    "diff FY2025 FY2026 --only uses.csv --code 'dx*' --format csv --fail-on never",
    "diff FY2025 FY2026 --only uses.csv --code 'dx*' -o out/breaks.html",
    "diff FY2025 FY2026 --only uses.csv --code 'dx*' -o out/breaks.md",
    "diff FY2025 FY2026 --only uses.csv --code 'dx*' -o out/breaks.xlsx",
    "diff FY2025 FY2026 --only uses.csv --code dx1 --fail-on info --under C7B",
    "diff FY2025 FY2026 --only claims-us.tsv --code dx1,dx2 --delimiter tab",
    "diff FY2025-04 FY2026-04 --notes --only uses.csv --code 'dx*'",
    Command("diff FY2025 FY2026 --only -", stdin=b"dx\nG35\nC7B\n"),
    "diff FY2025 FY2026 --only uses.csv",
    "diff FY2025 FY2026 --only uses.csv --code nothing",
    "diff FY2025 FY2026 --only words.txt",
    "diff FY2025 FY2026 --only empty.txt",
    "diff FY2025 FY2026 --only missing.txt",
    "diff FY2025 FY2026 --code dx1",
    "diff FY2013 FY2026",
    "diff FY2025 FY2012",
    "diff 2025 2026",
    "diff last FY2026",
    "diff FY2025",
    "--db full.db diff FY2025 FY2026 --under G35",
]

TABLE = "audit claims.csv --code 'dx*,px*=icd10pcs' --date service_date"

AUDIT = [
    TABLE,
    TABLE + " --format json",
    TABLE + " --all --no-dots",
    TABLE + " --show-values",
    TABLE + " --strict",
    TABLE + " --threads 1 -o out/annotated.csv",
    TABLE + " -o out/annotated.csv --keep all",
    TABLE + " -o out/annotated.csv --keep claim_id --no-dots",
    TABLE + " -o out/failures.csv --failures --keep 'claim*'",
    TABLE + " -o -",
    TABLE + " --report out/audit.html --report out/audit.json",
    TABLE + " --report out/audit.html --amount charge",
    TABLE + " --report out/audit.txt",
    TABLE + " --admit admitted --discharge discharged --amount charge --format json",
    TABLE + " --admit admitted",
    TABLE + " --keep claim_id",
    TABLE + " --code-set icd10cm",
    "audit claims.csv --code dx1,dx2 --on 2024-06-01",
    "audit claims.csv --code dx1 --date discharged,service_date",
    "audit claims.csv --code 6,7 --date 3 -o out/annotated.csv --keep 1",
    "audit claims.csv.gz --code dx1,dx2 --date service_date",
    "audit claims-us.tsv --code dx1,dx2 --date service_date -o out/annotated.tsv",
    "audit claims-us.tsv --code dx1,dx2 --date service_date --date-format iso",
    "audit compact.csv --code dx --date dos --code-set-by set -o -",
    "audit compact.csv --code dx --date dos --delimiter ,",
    "audit good.csv --code dx --date dos",
    "audit good.csv --code dx --date dos --date-format iso --color always",
    "audit nul.csv --code dx --date dos -o out/annotated.csv --keep id",
    "audit nul.csv --code dx --date dos --strict --show-values",
    Command("audit - --code dx --date dos", stdin=b"dx,dos\nI10,2024-06-01\nG35,2025-10-01\n"),
    "audit claims.csv --code dx1",
    "audit claims.csv --date service_date",
    "audit claims.csv --code nothing --date service_date",
    "audit claims.csv --code dx1 --date nothing",
    "audit missing.csv --code dx1 --date service_date",
    "audit empty.txt --code dx1 --date service_date",
    "audit undated.csv --code dx --infer",
    "audit undated.csv --code dx --infer --format json",
    "audit undated.csv --code dx --infer -o -",
    "audit claims.ndjson --code dx --date dos",
    "audit claims.ndjson --code dx --date dos --keep id,paid -o out/annotated.ndjson",
    "audit claims.ndjson --code dx --date dos --failures -o out/failures.ndjson --format json",
    "audit claims.ndjson --code dx --date dos --report out/audit.html",
    "audit claims.ndjson --input table --code dx --date dos",
    "audit professional.837",
    "audit professional.837 -o out/findings.csv --keep claim_id",
    "audit professional.837 -o out/findings.ndjson --failures --use-onset --amount charge",
    "audit professional.837 --code dx",
    "audit institutional.837 --format json --amount charge",
    "audit institutional.837 -o - --report out/audit.html",
    "audit cut.837",
    "audit bundle.json",
    "audit bundle.json --use-onset -o out/findings.csv",
    "audit bundle.json -o out/findings.ndjson --report out/audit.json",
    "audit resources.ndjson --input fhir --format json --amount total",
    "audit resources.ndjson -o - --failures",
    "--db full.db " + TABLE,
    "--db missing.db " + TABLE,
    "audit",
]

# The program itself writes the Parquet file that it audits then.
PARQUET = "audit sample.parquet --code code --date valid_from"

SAMPLE = [
    "demo --folder demo",
    "demo --folder demo",
    "--db demo/sample.db check C7B G35 S30.1XXA --on 2025-10-01",
    "--db demo/sample.db show C7B.1",
    "--db demo/sample.db search carcinoid liver --format json",
    "--db demo/sample.db diff FY2025 FY2026 -o out/changes.html",
    "--db demo/sample.db releases",
    "--db demo/sample.db releases --format json",
    "--db demo/sample.db status",
    "--db demo/sample.db verify",
    "--db demo/sample.db verify --format json",
    "--db demo/sample.db init",
    "--db demo/sample.db import releases/icd10cm/icd10cm-FY2026.zip",
    "--db demo/sample.db export periods",
    "--db demo/sample.db export fhir --format ndjson",
    "--db demo/sample.db export ohdsi -o out",
    "--db demo/sample.db export order --release FY2026",
    "--db demo/sample.db export spans -o sample.parquet",
    PARQUET,
    PARQUET + " --keep code_set,is_open -o out/annotated.parquet --threads 1",
    PARQUET + " --failures -o out/failures.parquet --report out/audit.html --format json",
    PARQUET + " -o -",
    "audit sample.parquet --code code_plain --date valid_to --code-set-by code_set",
    "audit sample.parquet --code is_open --date valid_to",
    Command("audit - --code code --date valid_from --input parquet", stdin=b"PAR1"),
    "demo --folder out",
    "demo --folder claims.csv",
]

EXPORT = [
    "export spans",
    "export spans --code-set icd10pcs --format ndjson",
    "export spans --code-set icd10cm -o out/spans.csv --no-dots",
    "export spans -o out/spans.parquet",
    "export periods",
    "export periods --code-set icd10pcs --format ndjson",
    "export periods -o out/periods.parquet",
    "export periods -o out/periods.xlsx",
    "export order --release FY2026",
    "export order --release FY2026-04 -o out/order.txt",
    "export order --release FY2022-04 --code-set icd10pcs -o out/order.txt",
    "export order --release FY2022-04-errata --code-set icd10pcs -o out/order.txt",
    "export order --release FY2012",
    "export order",
    "export ohdsi -o out",
    "export ohdsi --code-set icd10pcs -o out",
    "export ohdsi",
    Command("export fhir -o out", only_hashes=True),
    "export fhir --release FY2022-04 --code-set icd10cm -o out",
    "export fhir --release FY2026 --code-set icd10cm --fhir r5",
    "export fhir --release FY2022-04 --code-set icd10pcs --format ndjson",
    "export fhir --release FY2012 --code-set icd10cm",
    "export",
    "export everything",
    "--db full.db export periods",
    "--db missing.db export spans",
]

STATUS = [
    "status",
    "status --format json",
    "status --code-set icd10cm",
    Command("status", today="2026-10-01"),
    Command("status", today="2026-12-01"),
    Command("status", today="2020-11-15"),
    Command("status", today="2028-01-01"),
    Command("status --format json --code-set icd10pcs", today="2020-11-15"),
    "--db missing.db status",
    "releases --format json",
    "releases --code-set icd10cm",
    Command("releases --code-set icd10pcs", today="2028-01-01"),
    "--db missing.db releases",
    "--db full.db releases",
]

VERIFY = [
    "verify",
    "releases",
    "verify FY2026 --code-set icd10cm --format json",
    "verify FY2013",
    "verify --base FY2024",
    "--db missing.db verify",
]

IMPORT = [
    "--db small.db import --dry-run releases/icd10cm/icd10cm-FY2025.zip",
    "--db small.db import --dry-run releases/icd10cm/icd10cm-FY2025.zip --format json",
    "--db small.db import releases/icd10cm/icd10cm-FY2025.zip",
    "--db small.db import releases/icd10cm/icd10cm-FY2025.zip",
    "--db small.db import releases/icd10cm/icd10cm-FY2025.zip --format json",
    "--db small.db import 'releases/as-published/icd10cm-Code Descriptions-2026.zip' --format json",
    "--db small.db import releases/as-published/cms_2022_errata.zip",
    "--db small.db import releases/as-published/Code-desciptions-April-2025.zip",
    "--db small.db import releases/icd10pcs/icd10pcs-FY2022-04.zip",
    "--db small.db import releases/before-force/icd10cm-FY2011.zip",
    "--db small.db import releases/gems releases/hcpcs",
    "--db small.db import releases/icd9cm --format json",
    "--db small.db import --release FY2024 releases/icd10cm/icd10cm-FY2027.zip",
    "--db small.db import --force releases/icd10cm/icd10cm-FY2027.zip",
    "--db small.db import --code-set icd10cm releases/icd10pcs/icd10pcs-FY2026.zip",
    "--db small.db import --release next releases/icd10cm/icd10cm-FY2027.zip",
    "--db small.db import missing.zip",
    "--db small.db import page",
    "--db small.db import empty",
    "--db small.db import claims.csv",
    "--db small.db import cut",
    "--db small.db import broken",
    "--db small.db import unknown",
    "--db small.db import other",
    "--db small.db import --release FY2023 cut",
    "--db small.db import --strict releases/icd10pcs/icd10pcs-FY2012.zip broken",
    "--db small.db import releases/icd10pcs/icd10pcs-FY2012.zip broken",
    "--db small.db import --release FY2023 --allow-incomplete cut",
    "--db small.db check A00.9 M54.50 --on 2022-11-01",
    "--db small.db import lines",
    "--db small.db check A00.9 M54.50 --on 2022-11-01",
    "--db small.db import --release FY2023 other",
    "--db small.db import --release FY2023 --revision other",
    "--db small.db check A00.9 M54.50 --on 2022-11-01",
    "--db small.db import releases/icd10cm/icd10cm-FY2023.zip",
    "--db small.db import releases/icd10cm/icd10cm-FY2024.zip",
    "--db small.db import --dry-run --release FY2028 --force releases/icd10cm/icd10cm-FY2027.zip",
    "--db small.db import --release FY2028 --force releases/icd10cm/icd10cm-FY2027.zip",
    "--db small.db check I10 --on 2027-10-01",
    "--db small.db releases",
    "--db small.db verify FY2025 --base FY2024",
    "--db small.db verify FY2025 --base FY2024-04 --format json",
    "--db small.db diff FY2025 FY2026 --notes",
    "--db small.db import",
]

REMOVE = [
    "--db small.db remove FY2013",
    "--db small.db remove FY2022-04",
    "--db small.db remove FY2022-04 --code-set icd10cm",
    "--db small.db remove FY2022-04-errata",
    "--db small.db remove FY2025",
    "--db small.db remove FY2025",
    "--db small.db remove last",
    "--db small.db check I10 --on 2024-11-01",
    "--db small.db releases --format json",
    "remove FY2026",
    "--db missing.db remove FY2026",
    "remove",
]

FETCH = [
    "fetch FY2026 --dry-run",
    "fetch FY2026 --dry-run --unverified --format json",
    "fetch FY2026 --dry-run --code-set icd10pcs --unverified",
    "fetch FY2027 FY2022-04 --dry-run",
    "fetch --missing --dry-run",
    "fetch --missing --dry-run --unverified",
    "fetch --missing --dry-run --unverified --format json --to kept",
    "--db missing.db fetch --missing --dry-run --code-set icd10cm",
    "fetch FY2013 --dry-run",
    "fetch FY2026 --missing --dry-run",
    "fetch --check --dry-run",
    "fetch FY2026 --dry-run --mirror nonsense",
    "fetch FY2026 --dry-run --timeout 0",
    "fetch --dry-run",
    "--db fetched.db fetch FY2027 --mirror http://{mirror} --unverified",
    "--db fetched.db fetch FY2027 --mirror http://{mirror} --unverified --format json",
    "--db fetched.db fetch FY2026 --mirror http://{mirror} --to kept --code-set icd10cm",
    "--db fetched.db releases --code-set icd10cm",
]

PACK = [
    "init",
    "--db other.db init",
    "--db other.db init --format json",
    "pack -o new.pack --level 1 --from for-pack",
    "pack -o none.pack --level 1 --from empty",
    "pack -o none.pack",
    "pack -o none.pack --level 99 --from for-pack",
    "--pack new.pack --db other.db init",
    "--pack new.pack --db other.db init",
    "--pack new.pack --db third.db init --format json",
    "--pack new.pack --db other.db check C78.31 --on 2026-10-01",
    "--pack new.pack --db other.db remove FY2027",
    "--pack new.pack --db other.db check C78.31 --on 2026-10-01",
    "--pack new.pack --db other.db init",
    "--pack new.pack --db third.db init --unverified",
    "--pack missing.pack check C7B",
    "--pack claims.csv --db third.db check 02703DZ",
    "--pack claims.csv --db none.db init",
]

SHELL = [
    *(f"completions {shell}" for shell in ["bash", "elvish", "fish", "powershell", "zsh"]),
    "completions csh",
    "man out",
    "man claims.csv",
]

HELP_LINES = [
    "",
    "--help",
    "-h",
    "--version",
    "help",
    "nonsense",
    "chek C7B",
    "check --versoin",
    *(f"{verb} --help" for verb in VERBS),
    *(f"export {what} --help" for what in ["spans", "periods", "order", "ohdsi", "fhir"]),
    *(f"{verb} -h" for verb in ["check", "show", "search", "diff", "audit", "export spans", "serve"]),
    "help diff",
    "help export fhir",
]

HELP = [Command(line, today=None) for line in HELP_LINES]

SERVE = [
    "--db missing.db serve --listen 127.0.0.1:0",
    "--db claims.csv serve --listen 127.0.0.1:0",
    "serve --listen nonsense",
    "serve --listen {busy}",
    "serve --rate 0",
    "serve --log loud",
    Command("serve --listen 127.0.0.1:0", today="1970-01-01"),
]

COMMANDS = {
    "build": BUILD,
    "status": STATUS,
    "check": CHECK,
    "history": HISTORY,
    "show": SHOW,
    "compare": COMPARE,
    "search": SEARCH,
    "diff": DIFF,
    "audit": AUDIT,
    "sample": SAMPLE,
    "export": EXPORT,
    "import": IMPORT,
    "remove": REMOVE,
    "fetch": FETCH,
    "pack": PACK,
    "shell": SHELL,
    "help": HELP,
    "serve": SERVE,
    "verify": VERIFY,
}


# Requests, by group


PAGES = [
    "/",
    "/?on=2021-10-01",
    "/?set=icd10pcs",
    "/?on=2030-01-01",
    "/?on=someday",
    "/?unknown=1",
    "/about",
    "/releases",
    "/releases?on=2020-11-15",
    "/search",
    "/search?q=low back pain",
    "/search?q=low back pain&on=2021-09-30",
    "/search?q=low back pain&fragment=1",
    "/search?q=dilation coronary&set=icd10pcs&fragment=1",
    "/search?q=zzzzz&fragment=1",
    "/search?q=M54.5",
    "/search?q=02703dz&on=2022-05-01",
    "/search?q=zzzzz",
    "/search?q=fever&on=2030-01-01",
    "/search?q=<script>alert(1)</script>",
    "/icd10cm",
    "/icd10cm?on=2017-01-01",
    "/icd10cm?on=2030-01-01",
    "/icd10cm/chapter/2",
    "/icd10cm/chapter/99",
    "/icd10cm/block/C7A",
    "/icd10cm/block/C00-C14?on=2017-01-01",
    "/icd10cm/block/none",
    "/icd10cm/C7B.00",
    "/icd10cm/C7B?on=2026-03-01",
    "/icd10cm/c7b1",
    "/icd10cm/M54.5?on=2021-10-01",
    "/icd10cm/M54.5?on=2021-10-01&nearest=1",
    "/icd10cm/M54.5?on=2017-01-01",
    "/icd10cm/M54.50?on=2020-01-01",
    "/icd10cm/S30.1XXA?on=2025-10-01",
    "/icd10cm/S52.501A?nearest=1",
    "/icd10cm/S06.1X",
    "/icd10cm/U07.1?on=2020-04-01",
    "/icd10cm/Z28.3?on=2022-04-01",
    "/icd10cm/G56.03",
    "/icd10cm/E11?on=2017-01-01",
    "/icd10cm/I10?on=2015-09-30",
    "/icd10cm/I10?on=2030-01-01",
    "/icd10cm/Z99.999",
    "/icd10cm/!!",
    "/icd10cm/C7B?on=2026-03-01&on=2026-03-02",
    "/icd10pcs",
    "/icd10pcs?on=2020-11-15",
    "/icd10pcs/section/0",
    "/icd10pcs/section/02",
    "/icd10pcs/section/Q",
    "/icd10pcs/027",
    "/icd10pcs/02703DZ",
    "/icd10pcs/02703DZ?on=2017-01-01&nearest=1",
    "/icd10pcs/02703DY",
    "/icd10pcs/0SG604Z?on=2025-10-01",
    "/icd10pcs/XW023X7?on=2022-04-01",
    "/compare",
    "/compare?left=C7A&right=C7B",
    "/compare?left=C7A&right=C7B&on=2021-10-01&nearest=1",
    "/compare?left=02703DZ&right=02703D6&set=icd10pcs",
    "/compare?left=C7A&right=none",
    "/diff",
    "/diff?old=FY2025&new=FY2026",
    "/diff?set=icd10cm&old=FY2025&new=FY2026&kind=deleted",
    "/diff?old=FY2025&new=FY2026&chapter=2&words=carcinoma",
    "/diff?old=FY2025&new=FY2026&page=2",
    "/diff?old=FY2025&new=FY2026&under=G35, C50-C58",
    "/diff?old=FY2025-04&new=FY2026-04&notes=1",
    "/diff?set=icd10pcs&old=FY2025&new=FY2026",
    "/diff?old=FY2025&new=FY2026&kind=strange",
    "/diff?old=FY2013&new=FY2026",
    *(
        f"/diff/download?old=FY2025&new=FY2026&under=G35&format={format}"
        for format in ["text", "markdown", "html", "csv", "json", "xlsx", "pdf"]
    ),
    "/diff/download?old=FY2025",
    "/audit",
    "/nothing",
    "/assets/nothing.css",
    Request("/audit", "DELETE"),
    Request("/", "HEAD"),
    Request("/diff?old=FY2025&new=FY2026", headers={"Accept-Encoding": "gzip"}),
]

API = [
    "/api/openapi.json",
    "/api/check?code=C7B&on=2026-03-01",
    "/api/check?code=C7B&code=M54.5&on=2021-10-01",
    "/api/check?code=S30.1XXA&on=2025-10-01",
    "/api/check?code=02703DY",
    "/api/check?code=M54.50&on=2020-01-01",
    "/api/check?code=C7B.00&on=2030-01-01",
    "/api/check?code=C7B.00&on=2015-09-30",
    "/api/check?code=!!",
    "/api/check?code=Z28.3&year=2022",
    "/api/check?code=001&code_set=icd10cm",
    "/api/check?code=C7B&year=2022&on=2022-01-01",
    "/api/check?code=C7B&year=FY2022-04",
    "/api/check",
    "/api/check?code=C7B&date=2026-03-01",
    "/api/check?code=C7B&on=2026-02-30",
    "/api/check?code=C7B&code_set=hcpcs",
    "/api/show?code=C7B.1",
    "/api/show?code=M54.5&on=2021-10-01&nearest=1",
    "/api/show?code=02703DZ",
    "/api/show?code=Z99.999",
    "/api/show?code=C7B.1&nearest=maybe",
    "/api/show",
    "/api/compare?left=C7A&right=C7B",
    "/api/compare?left=C7A.00&right=C4A.0&on=2017-01-01",
    "/api/compare?left=C7A",
    "/api/history?code=M54.5",
    "/api/history?code=02703DZ",
    "/api/history?code=Z99.999",
    "/api/search?q=low back pain",
    "/api/search?q=low back pain&on=2021-09-30&most=3&unlisted=1",
    "/api/search?q=dilation&code_set=icd10pcs&most=2",
    "/api/search?q=fever&most=201",
    "/api/search?q=fever&most=x",
    "/api/search",
    "/api/diff?old=FY2025&new=FY2026",
    "/api/diff?old=FY2025&new=FY2026&under=G35&under=S30",
    "/api/diff?old=FY2025-04&new=FY2026-04&notes=1&under=C7A",
    "/api/diff?old=FY2025&new=FY2026&code_set=icd10pcs",
    "/api/diff?old=FY2013&new=FY2026",
    "/api/diff?old=last&new=FY2026",
    "/api/diff?old=FY2025&new=FY2026&under=xyz",
    "/api/releases",
    "/api/releases?code_set=icd10pcs",
    "/api/nothing",
    "/api",
    Request("/api/releases", "POST", b"{}"),
    Request("/api/check?code=C7B", "HEAD"),
    Request("/api/check?code=C7B", "OPTIONS"),
    Request("/api/check?code=C7B&on=2026-03-01", headers={"If-None-Match": "*"}),
]


def post_json(address, value, media="application/json"):
    """Returns a request that sends JSON, or bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Request(address, "POST", body, {"Content-Type": media})


API += [
    post_json("/api/check", value)
    for value in [
        {"codes": ["C7B", {"code": "M54.5", "on": "2021-09-30"}], "on": "2026-03-01"},
        {"codes": ["02703DY", "I10", "é"] + ["G35"] * 20, "on": "2025-10-01"},
        {"codes": [{"code": "001", "code_set": "icd10cm"}], "code_set": "icd10pcs"},
        {"codes": []},
        {"codes": ["C7B"], "on": "2026-02-30"},
        {"codes": ["C7B"], "code_set": "hcpcs"},
        {"codes": ["C7B"], "date": "2026-03-01"},
        {"codes": ["C7B"] * 10_001},
        b"{",
        b"\xff",
        b"",
        b'{"codes": ["' + b"C" * (1 << 20) + b'"]}',
    ]
]

IN_CM = f"system={CM}"
URL_CM = f"url={CM}"
WHOLE_CM = f"url={CM}?fhir_vs"

FHIR = [
    "metadata",
    "metadata?mode=terminology",
    "metadata?mode=strange",
    "",
    "Patient",
    "CodeSystem",
    "CodeSystem?version=2026",
    f"CodeSystem?url={PCS}&_count=2&_offset=1",
    "CodeSystem?date=2022-04-01",
    "CodeSystem?name=ICD10CM&status=active&_summary=count",
    "CodeSystem?title=ICD&_count=0",
    "CodeSystem?_id=icd-10-cm-2026",
    "CodeSystem?strange=1",
    "CodeSystem?_format=xml",
    "CodeSystem/icd-10-cm-2026",
    "CodeSystem/icd-10-cm-2026-04",
    "CodeSystem/icd-10-pcs-2022-04-errata",
    "CodeSystem/none",
    "ValueSet",
    "ValueSet?url=http://hl7.org/fhir/sid/icd-10-cm?fhir_vs",
    "ValueSet/icd-10-cm",
    "ValueSet/none",
    "ConceptMap?_count=2",
    "ConceptMap?_summary=count",
    "ConceptMap/icd-10-cm-from-2021-10-01",
    "ConceptMap/none",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B.00",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B&version=2026",
    f"CodeSystem/$lookup?{IN_CM}&code=M54.5&date=2021-10-01",
    f"CodeSystem/$lookup?{IN_CM}&code=M545&date=2021-09-30",
    f"CodeSystem/$lookup?{IN_CM}&code=S30.1XXA&date=2025-09-30&property=successor&property=inactive",
    f"CodeSystem/$lookup?{IN_CM}&code=S30.1XXA&date=2025-10-01",
    f"CodeSystem/$lookup?{IN_CM}&code=U07.1&date=2020-04-01",
    f"CodeSystem/$lookup?{IN_CM}&code=Z99.999",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B.00&date=2030-01-01",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B.00&date=2015-09-30",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B.00&date=2021",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B.00&version=1999",
    f"CodeSystem/$lookup?{IN_CM}&code=C7B.00&version=2026&date=2021-01-01",
    f"CodeSystem/$lookup?system={PCS}&code=02703DZ",
    f"CodeSystem/$lookup?system={PCS}&code=XW023X7&version=2022-04",
    f"CodeSystem/$lookup?system={PCS}&code=02703DZ&date=2020-11-15",
    "CodeSystem/$lookup?system=http://snomed.info/sct&code=1",
    "CodeSystem/$lookup?code=C7B",
    "CodeSystem/$lookup",
    "CodeSystem/icd-10-cm-2021/$lookup?code=M54.5",
    f"CodeSystem/$validate-code?{URL_CM}&code=M54.5&date=2021-09-30",
    f"CodeSystem/$validate-code?{URL_CM}&code=M54.5&date=2021-10-01&abstract=false",
    f"CodeSystem/$validate-code?{URL_CM}&code=m545&date=2021-09-30&display=Low back pain",
    f"CodeSystem/$validate-code?{URL_CM}&code=M54.5&date=2021-09-30&display=Lumbago",
    f"CodeSystem/$validate-code?{URL_CM}&code=M54.5&date=2021-09-30&display=x&lenient-display-validation=true",
    f"CodeSystem/$validate-code?{URL_CM}&code=Z99.999",
    f"CodeSystem/$validate-code?{URL_CM}&code=S30.1XXA&date=2025-10-01",
    f"CodeSystem/$validate-code?{URL_CM}&code=C7B.00&version=1999",
    f"CodeSystem/$validate-code?url={PCS}&code=02703DY",
    "CodeSystem/$validate-code?url=http://snomed.info/sct&code=1",
    f"CodeSystem/$subsumes?{IN_CM}&codeA=C7B&codeB=C7B.00",
    f"CodeSystem/$subsumes?{IN_CM}&codeA=C7B.00&codeB=C7B",
    f"CodeSystem/$subsumes?{IN_CM}&codeA=C7A&codeB=C7B&version=2026",
    f"CodeSystem/$subsumes?{IN_CM}&codeA=C7A&codeB=c7a",
    f"CodeSystem/$subsumes?{IN_CM}&codeA=C7A&codeB=none",
    f"CodeSystem/$subsumes?{IN_CM}&codeA=C7A",
    f"ValueSet/$expand?{WHOLE_CM}=isa/C7A&date=2026-03-01",
    f"ValueSet/$expand?{WHOLE_CM}=isa/C7A&excludeNotForUI=true&includeDesignations=true&includeDefinition=true",
    f"ValueSet/$expand?{WHOLE_CM}&filter=low back&count=5",
    f"ValueSet/$expand?{WHOLE_CM}&count=3&offset=70000",
    f"ValueSet/$expand?{WHOLE_CM}&count=0",
    f"ValueSet/$expand?{WHOLE_CM}",
    f"ValueSet/$expand?{WHOLE_CM}&date=2030-01-01&count=1",
    f"ValueSet/$expand?{WHOLE_CM}=isa/none",
    f"ValueSet/$expand?{WHOLE_CM}=isa/M54&system-version={CM}|2021",
    f"ValueSet/$expand?url={PCS}?fhir_vs=isa/027&count=4",
    "ValueSet/$expand?url=http://none",
    "ValueSet/$expand",
    "ValueSet/icd-10-cm/$expand?filter=merkel&date=2021-10-01",
    f"ValueSet/$validate-code?{WHOLE_CM}&{IN_CM}&code=C7B.00",
    f"ValueSet/$validate-code?{WHOLE_CM}&{IN_CM}&code=C7B",
    f"ValueSet/$validate-code?{WHOLE_CM}&{IN_CM}&code=C7B&abstract=true",
    f"ValueSet/$validate-code?{WHOLE_CM}=isa/C7A&{IN_CM}&code=C7B.00&date=2026-03-01",
    f"ConceptMap/$translate?{IN_CM}&code=M54.5&date=2021-10-01",
    f"ConceptMap/$translate?{IN_CM}&sourceCode=M54.5&date=2021-09-30",
    f"ConceptMap/$translate?{IN_CM}&code=M54.50&date=2021-10-01&reverse=true",
    f"ConceptMap/$translate?{IN_CM}&code=G56.03&reverse=true",
    f"ConceptMap/$translate?{IN_CM}&code=S30.1XXA",
    f"ConceptMap/$translate?{IN_CM}&code=Z99.999",
    f"ConceptMap/$translate?{IN_CM}&code=M54.5&targetsystem=http://snomed.info/sct",
    f"ConceptMap/$translate?system={PCS}&code=0SG604Z",
    "ConceptMap/icd-10-cm-from-2021-10-01/$translate?code=M54.5&" + IN_CM,
    "ConceptMap/$translate?code=M54.5",
    "CodeSystem/$strange",
    "CodeSystem/a/b/c",
]


def parameters(*given):
    """Returns the Parameters of an operation: of names, types and values."""
    parts = [{"name": name, kind: value} for name, kind, value in given]
    return {"resourceType": "Parameters", "parameter": parts}


def batch(*urls, kind="batch"):
    """Returns a batch of GETs."""
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [{"request": {"method": "GET", "url": url}} for url in urls],
    }


VALUE_SET = {
    "resourceType": "ValueSet",
    "url": "http://example.org/ours",
    "compose": {
        "include": [
            {"system": CM, "version": "2026", "filter": [{"property": "concept", "op": "is-a", "value": "C7B"}]},
            {"system": CM, "concept": [{"code": "G35"}, {"code": "none"}]},
        ],
        "exclude": [{"system": CM, "concept": [{"code": "C7B.00"}]}],
    },
}

POSTED = [
    ("", batch("CodeSystem/icd-10-cm-2026", f"CodeSystem/$lookup?{IN_CM}&code=none", "", "metadata")),
    ("", batch("metadata", kind="transaction")),
    ("", batch()),
    ("", {"resourceType": "Bundle", "type": "batch", "entry": [{"request": {"method": "PUT", "url": "x"}}, {}]}),
    ("", {"resourceType": "Patient"}),
    (
        "CodeSystem/$validate-code",
        parameters(
            ("url", "valueUri", CM),
            ("code", "valueCode", "Z28.3"),
            ("date", "valueDate", "2022-04-01"),
            ("abstract", "valueBoolean", False),
        ),
    ),
    (
        "CodeSystem/$validate-code",
        parameters(
            (
                "codeableConcept",
                "valueCodeableConcept",
                {"coding": [{"system": CM, "code": "none"}, {"system": CM, "code": "I10", "display": "Hypertension"}]},
            )
        ),
    ),
    ("CodeSystem/$lookup", parameters(("coding", "valueCoding", {"system": CM, "code": "I10", "version": "2024"}))),
    ("CodeSystem/$lookup", parameters(("code", "valueInteger", 1))),
    (
        "CodeSystem/$subsumes",
        parameters(
            ("codingA", "valueCoding", {"system": CM, "code": "C7B"}),
            ("codingB", "valueCoding", {"system": PCS, "code": "027"}),
        ),
    ),
    ("ValueSet/$expand", VALUE_SET),
    ("ValueSet/$expand?includeDesignations=true", parameters(("valueSet", "resource", VALUE_SET))),
    ("ValueSet/$expand", {"resourceType": "ValueSet"}),
    (
        "ValueSet/$validate-code",
        parameters(
            ("valueSet", "resource", VALUE_SET), ("coding", "valueCoding", {"system": CM, "code": "C7B.00"})
        ),
    ),
    (
        "ConceptMap/$translate",
        parameters(
            ("sourceCoding", "valueCoding", {"system": CM, "code": "G35"}), ("date", "valueDate", "2025-10-01")
        ),
    ),
    ("CodeSystem", {"resourceType": "CodeSystem"}),
    ("CodeSystem/$lookup", b"{"),
    ("CodeSystem/$lookup", b'{"no": "type"}'),
]


def fhir_requests():
    """Returns the requests of FHIR: all of them in R4, and those that answer otherwise in R5."""
    media = "application/fhir+json"
    yield from (f"/fhir/r4/{address}" for address in FHIR)
    yield from (post_json(f"/fhir/r4/{address}", value, media) for address, value in POSTED)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    yield Request("/fhir/r4/CodeSystem/_search", "POST", b"version=2026&_count=1", form)
    yield Request("/fhir/r4/CodeSystem/icd-10-cm-2026", "DELETE")
    yield Request("/fhir/r4/metadata", headers={"X-Forwarded-Proto": "https"})
    yield from ["/fhir", "/fhir/r4", "/fhir/r3/metadata"]
    has_r5 = re.compile(r"metadata|^(CodeSystem|ValueSet|ConceptMap)/[^$?]+$|translate|U07|M54.5&date|isa/C7A")
    yield from (f"/fhir/r5/{address}" for address in FHIR if has_r5.search(address))
    yield from (post_json(f"/fhir/r5/{address}", value, media) for address, value in POSTED[:1] + POSTED[-4:-3])


def upload(boundary="----recording", **fields):
    """Returns a request that sends the form of the audit page."""
    body = b""
    for name, value in fields.items():
        is_file = name == "file"
        disposition = f'form-data; name="{name}"' + ('; filename="claims"' if is_file else "")
        data = value if isinstance(value, bytes) else value.encode()
        body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + data + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return Request("/audit", "POST", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


PAGES += [
    upload(file=CLAIMS, code="dx1,dx2,px1=icd10pcs", date="service_date", code_set="", on="2024-06-01"),
    upload(file=CLAIMS, code="dx1", date="service_date", code_set="icd10cm"),
    upload(file=CLAIMS, code="", date=""),
    upload(file=CLAIMS, code="nothing", date="service_date"),
    upload(file=interchange("005010X223A2", INSTITUTIONAL)),
    upload(file=json.dumps(fhir_claims())),
    upload(file=gzip.compress(NDJSON.encode(), mtime=0), code="dx", date="dos"),
    upload(file="no claims"),
    upload(file=""),
    upload(file=CLAIMS, code="dx1", date="x" * 2_000),
    Request("/audit", "POST", b"no form", {"Content-Type": "text/plain"}),
]

# What a server of the sample says otherwise.
OF_SAMPLE = [
    "/",
    "/releases",
    "/icd10cm/C7B",
    "/icd10cm/I10",
    "/icd10cm/chapter/2",
    "/diff?old=FY2025&new=FY2026",
    "/api/check?code=C7B&code=I10",
    "/api/releases",
    "/fhir/r4/CodeSystem?_count=1",
    f"/fhir/r4/ValueSet/$expand?{WHOLE_CM}=isa/C7B",
    f"/fhir/r4/CodeSystem/$validate-code?{URL_CM}&code=I10",
    # This server reads little.
    post_json("/api/check", {"codes": ["C7B"] * 400}),
    post_json("/fhir/r4/", {"resourceType": "x" * 2_000}),
    upload(file=CLAIMS * 3, code="dx1", date="service_date"),
]

REQUESTS = {"pages": PAGES, "api": API, "fhir": list(fhir_requests())}

ACCEPTED = {"pages": "text/html", "api": "application/json", "fhir": "application/fhir+json"}


# Recording


def readable(text):
    """Returns a name for a file by which people recognise a command or an address."""
    text = text.replace(CM, "cm").replace(PCS, "pcs").replace("http://", "")
    name = re.sub(r"[^\w.]+", "-", text, flags=re.ASCII)[:100].strip("-.")
    return name or "nothing"


def unpacked(name, data):
    """Returns a workbook as the files in it, and anything else as it is."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return [(name, data)]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(f"{name} > {member}", archive.read(member)) for member in archive.namelist()]


def digest_of(data):
    """Returns what is kept of bytes that are too many."""
    return f"sha256 {hashlib.sha256(data).hexdigest()}, {len(data)} bytes\n".encode()


def files_of(folder, work, only_hashes):
    """Returns the files that a command wrote. A database is none of them: its answers are recorded."""
    parts = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".db":
            name, data = path.relative_to(work).as_posix(), path.read_bytes()
            parts += [(name, digest_of(data))] if only_hashes else unpacked(name, data)
    return parts


class Recorder:
    """Asks one program, and writes each answer into a folder."""

    def __init__(self, program, releases, folder, work):
        # Its name stands in help texts, and what lies beside it could have a say.
        self.program = work / "bin" / "codeyear"
        self.program.parent.mkdir()
        shutil.copy(program, self.program)
        self.folder = folder
        self.work = work
        self.known = {"work": str(work), "releases": str(releases)}
        self.counts = {}
        self.names = set()

    def env(self, more=None):
        """Returns the variables of a command. No setting of the user's has a say, and no way leads out."""
        nowhere = dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"], "http://127.0.0.1:9")
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.work / "home"),
            "TMPDIR": str(self.work),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "NO_PROXY": "127.0.0.1",
            **nowhere,
            **(more or {}),
        }

    def arguments(self, command):
        """Returns the program and its arguments, with the values of this run."""
        words = [word.format_map(self.known) for word in shlex.split(command.line)]
        today = ["--today", command.today] if command.today else []
        return [str(self.program), *words, *today]

    def run(self, group, command):
        """Runs a command, records its answer, and returns how it ended."""
        out = self.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        arguments = self.arguments(command)
        try:
            done = subprocess.run(
                arguments,
                cwd=self.work,
                env=self.env(command.env),
                input=command.stdin,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            # What it wrote until then is cut anywhere.
            done = subprocess.CompletedProcess(arguments, f"none, {error.timeout} s were too few", b"", b"")
        parts = [("stdin", command.stdin)] if command.stdin else []
        parts += [("exit code", f"{done.returncode}\n".encode()), *unpacked("stdout", done.stdout)]
        parts += [("stderr", done.stderr), *files_of(out, self.work, command.only_hashes)]
        variables = "".join(f"{name}={value} " for name, value in command.env.items())
        line = command.line
        if command.today not in (TODAY, None):
            line += f" --today {command.today}"
        self.write(group, variables + line, f"{variables}codeyear {line}", parts)
        return done

    def ask(self, group, server, request):
        """Asks a server, and records its answer."""
        try:
            status, headers, body = server.answer(request, ACCEPTED.get(group, "*/*"))
        except RecordError as error:
            status, headers, body = "none", {}, str(error).encode()
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if request.address == "/metrics":
            # They come in any order.
            body = b"".join(sorted(body.splitlines(keepends=True)))
        told = [f"{name}: {value}\n" for name, value in sorted(headers.items()) if name not in HEADERS_LEFT_OUT]
        is_page = headers.get("content-type", "").startswith("text/html")
        parts = []
        if request.body is not None:
            parts.append(("sent", request.body if len(request.body) < 10_000 else digest_of(request.body)))
        parts += [("status", f"{status}\n".encode()), ("headers", "".join(told).encode())]
        parts += unpacked("page.html" if is_page else "body", body)
        name = request.address if request.method == "GET" else f"{request.method} {request.address}"
        self.write(group, name.replace("/fhir/", ""), f"{request.method} {request.address}", parts)

    def write(self, group, name, title, parts):
        """Writes an answer: a line with the question, then each part below a line with its name and length."""
        base = name = f"{group}/{readable(name)}"
        number = 1
        while name in self.names:
            number += 1
            name = f"{base}-{number}"
        self.names.add(name)
        written = [f"{title}\n".encode()]
        for part, data in parts:
            data = self.replaced(name, data)
            written += [f"=== {part}, {len(data)} bytes\n".encode(), data, b"\n"]
        data = b"".join(written)
        path = self.folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        if len(data) > LONG:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(data, compresslevel=1, mtime=0))
        else:
            path.write_bytes(data)
        self.counts[group] = self.counts.get(group, 0) + 1

    def replaced(self, name, data):
        """Returns a part of an answer without what differs between runs."""
        values = {key: re.escape(value) for key, value in self.known.items()}
        for where, pattern, word in REPLACED:
            is_known = values.keys() >= set(re.findall(r"%\((\w+)\)s", pattern))
            if is_known and fnmatch.fnmatch(name, where):
                data = re.sub((pattern % values).encode(), word.encode(), data)
        return data


class Server:
    """A server of the recorded program, on a free port of this machine, that has all in memory."""

    def __init__(self, recorder, line):
        self.recorder = recorder
        self.line = line
        self.errors = (recorder.work / "server.log").open("w+b")
        self.process = subprocess.Popen(
            recorder.arguments(Command(line)),
            cwd=recorder.work,
            env=recorder.env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )
        # The address stands there once it listens.
        self.told = self.process.stdout.readline()
        self.host = self.told.decode().strip().removeprefix("http://")
        recorder.known["server"] = self.host

    def __enter__(self):
        if not self.host:
            raise RecordError(f"it does not serve: {self.end().decode(errors='replace')}")
        try:
            self.wait()
        except RecordError:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()
        self.errors.close()
        self.process.stdout.close()

    def answer(self, request, accepted="*/*"):
        """Returns status, headers and body of an answer."""
        address = urllib.parse.quote(request.address, safe="/?&=:$,!%")
        headers = {"Accept": accepted, "Accept-Encoding": "identity", **request.headers}
        # One each: after a body that is not read the server ends the connection.
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT)
        try:
            connection.request(request.method, address, request.body, headers)
            response = connection.getresponse()
            body = response.read()
        except (http.client.HTTPException, OSError) as error:
            raise RecordError(f"no answer to {request.method} {request.address}: {error!r}") from error
        finally:
            connection.close()
        named = {}
        for name, value in response.getheaders():
            named.setdefault(name.lower(), []).append(value)
        return response.status, {name: ", ".join(values) for name, values in named.items()}, body

    def wait(self):
        """Waits until all is in memory that makes answers faster, or tags them."""
        deadline = time.monotonic() + TIMEOUT
        while b"not yet known" in self.answer(Request("/healthz"))[2]:
            if time.monotonic() > deadline:
                raise RecordError(f"it is not ready after {TIMEOUT} s: codeyear {self.line}")
            time.sleep(0.05)
        # Pages of failures can be written once any page was.
        if "etag" not in self.answer(Request("/"), "text/html")[1]:
            raise RecordError(f"answers have no tag: codeyear {self.line}")

    def end(self):
        """Ends the server as a supervisor does, and returns what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.told += self.process.communicate(timeout=TIMEOUT)[0]
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.seek(0)
        return self.errors.read()

    def record_end(self, name):
        """Ends the server, and records its exit code, its output and its log."""
        log = self.end()
        parts = [("exit code", f"{self.process.returncode}\n".encode()), ("stdout", self.told), ("stderr", log)]
        self.recorder.write("server", name, f"codeyear {self.line}", parts)


class Mirror(http.server.SimpleHTTPRequestHandler):
    """Files of a folder over HTTP, without a log."""

    def log_message(self, *_):
        pass


def record_commands(recorder, releases):
    """Runs all commands. A mirror of the releases and a busy port are there meanwhile."""
    handler = functools.partial(Mirror, directory=str(releases))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as mirror, socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        for name, at in [("mirror", mirror.server_address), ("busy", busy.getsockname())]:
            recorder.known[name] = f"127.0.0.1:{at[1]}"
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        try:
            for group, commands in COMMANDS.items():
                for command in commands:
                    if isinstance(command, str):
                        command = Command(command)
                    done = recorder.run(group, command)
                    if command.line == IMPORT_ALL and done.returncode != 0:
                        raise RecordError(f"the releases are not imported: {done.stderr.decode(errors='replace')}")
        finally:
            mirror.shutdown()


def ask_all(recorder, server, group, requests):
    """Asks a server for all addresses of a group."""
    for request in requests:
        recorder.ask(group, server, Request(request) if isinstance(request, str) else request)


def record_servers(recorder):
    """Asks a server of all releases, then one of the sample that reads little and logs addresses."""
    with Server(recorder, "serve --listen 127.0.0.1:0") as server:
        for group, requests in REQUESTS.items():
            ask_all(recorder, server, group, requests)
        _, _, page = server.answer(Request("/"))
        assets = set(re.findall(r'"(/assets/[^"]+)"', page.decode()))
        ask_all(recorder, server, "pages", sorted(assets))
        for group, address in [("pages", "/icd10cm/C7B.00"), ("api", "/api/history?code=M54.5")]:
            tag = server.answer(Request(address))[1].get("etag", "")
            ask_all(recorder, server, group, [Request(address, headers={"If-None-Match": tag})])
        ask_all(recorder, server, "server", ["/healthz", "/metrics"])
        server.record_end("log in JSON")
    line = "--db demo/sample.db serve --listen 127.0.0.1:0 --log text --log-queries --most-body 1000 --most-upload 2000"
    with Server(recorder, line) as server:
        ask_all(recorder, server, "server-of-sample", OF_SAMPLE)
        server.record_end("log in text")


def record(program, releases, folder):
    """Records all answers of a program into a folder, and returns how many there are by group."""
    program, releases = program.resolve(), releases.resolve()
    if not os.access(program, os.X_OK) or not program.is_file():
        raise RecordError(f"this is no program: {program}")
    for name in ["icd10cm", "icd10pcs", "as-published", "before-force", "gems", "hcpcs", "icd9cm"]:
        if not (releases / name).is_dir():
            raise RecordError(f"the folder of releases has no {name}: {releases}")
    if folder.exists() and any(folder.iterdir()):
        raise RecordError(f"the folder is not empty: {folder}")
    with tempfile.TemporaryDirectory(prefix="record-answers-") as work:
        work = Path(work).resolve()
        write_inputs(work, releases)
        recorder = Recorder(program, releases, folder, work)
        record_commands(recorder, releases)
        record_servers(recorder)
    counts = [f"{count:5} {group}\n" for group, count in recorder.counts.items()]
    (folder / WHOLE).write_text("".join(counts), encoding="utf-8")
    return recorder.counts


# Comparing


def answers_of(folder):
    """Returns the files of a recording by name."""
    if not (folder / WHOLE).is_file():
        raise RecordError(f"this is no recording, or it was broken off: {folder}")
    paths = [path for path in folder.glob("*/*") if path.is_file()]
    return {path.relative_to(folder).as_posix().removesuffix(".gz").removesuffix(".txt"): path for path in paths}


def read_answer(path):
    """Reads an answer: its question and its parts by name."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    at = data.find(b"\n") + 1
    parts = {"question": data[:at]}
    while at < len(data):
        head = PART.match(data, at)
        if not head:
            raise RecordError(f"this is no answer as record writes it: {path}")
        end = head.end() + int(head[2])
        parts[head[1].decode()] = data[head.end() : end]
        at = end + 1
    return parts


def lines_of(name, data):
    """Returns the lines of a part; of HTML its tags, each with the text behind it, white space collapsed."""
    if name.endswith(".html") or data[:20].lower().startswith(b"<!doctype html"):
        return re.sub(rb"\s+", b" ", data).strip().replace(b"<", b"\n<").split(b"\n")
    return data.split(b"\n")


def differing_lines(old, new):
    """Returns the number of the first line that differs, and the lines that differ of both."""
    shared = min(len(old), len(new))
    start = next((at for at in range(shared) if old[at] != new[at]), shared)
    if len(old) == len(new):
        pairs = [(one, other) for one, other in zip(old, new) if one != other]
        return start + 1, [one for one, _ in pairs], [other for _, other in pairs]
    end = next((at for at in range(shared - start) if old[-1 - at] != new[-1 - at]), shared - start)
    return start + 1, old[start : len(old) - end], new[start : len(new) - end]


def shown(line, other):
    """Returns a line as text; of a long one what is around its first difference from another."""
    at = next((at for at, pair in enumerate(zip(line, other)) if pair[0] != pair[1]), min(len(line), len(other)))
    start = max(0, at - SHOWN_WIDTH // 4) if len(line) > SHOWN_WIDTH else 0
    text = line[start : start + SHOWN_WIDTH].decode(errors="backslashreplace")
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return ("..." if start else "") + text + ("..." if start + SHOWN_WIDTH < len(line) else "")


def differences(old, new):
    """Returns what differs between two answers, as lines; none if nothing does."""
    told = []
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new or name not in old:
            told.append(f"  {name}: only in the {'first' if name in old else 'second'}")
            continue
        if old[name] == new[name]:
            continue
        lines = lines_of(name, old[name]), lines_of(name, new[name])
        if lines[0] == lines[1]:
            continue
        number, olds, news = differing_lines(*lines)
        told.append(f"  {name}, line {number}:")
        for sign, own, others in [("-", olds, news), ("+", news, olds)]:
            for at, line in enumerate(own[:SHOWN_LINES]):
                told.append(f"  {sign} {shown(line, others[at] if at < len(others) else b'')}")
            if len(own) > SHOWN_LINES:
                told.append(f"  {sign} ... and {len(own) - SHOWN_LINES} more lines")
    return told


def compare(first, second):
    """Writes which answers of two recordings differ, and returns the exit code."""
    old, new = answers_of(first), answers_of(second)
    differing = 0
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            differing += 1
            print(f"{name}: only in {first if name in old else second}")
            continue
        told = []
        if old[name].read_bytes() != new[name].read_bytes():
            told = differences(read_answer(old[name]), read_answer(new[name]))
        if told:
            differing += 1
            print("\n".join([name, *told]))
    print(f"{len(old.keys() | new.keys())} answers, {differing} differ", file=sys.stderr)
    return 1 if differing else 0


def main():
    root = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    recording = verbs.add_parser("record", help="record the answers of a program")
    recording.add_argument("--program", type=Path, required=True)
    recording.add_argument("--releases", type=Path, default=root / "../shared/releases")
    recording.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    comparing = verbs.add_parser("compare", help="compare two recordings: exit 0 if they are equal, 1 if not")
    comparing.add_argument("first", type=Path, metavar="FOLDER_A")
    comparing.add_argument("second", type=Path, metavar="FOLDER_B")
    args = parser.parse_args()
    try:
        if args.verb == "compare":
            return compare(args.first, args.second)
        began = time.monotonic()
        counts = record(args.program, args.releases, args.to)
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for group, count in counts.items():
        print(f"{count:5} {group}")
    print(f"{sum(counts.values()):5} in all, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
