#!/usr/bin/env python3
"""Loads `codeyear serve` with what people ask, for as long as is stated, while releases come and go, and watches its memory.

Starts the server over a copy of a database with all official releases. Clients ask at random for codes on days, pages,
searches, comparisons, expansions and audits of claims; meanwhile a release is taken out of the database and imported
again, over and over. Prints the memory of each minute. It is flat if the last third needs no more than the second.

Exit codes: 0 every target is met, 1 one is missed, 2 it could not be measured.
"""

import argparse
import collections
import http.client
import json
import multiprocessing
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import CannotMeasure, Target, build, exit_code, official_releases, quantity
from serve import FHIR_SYSTEM, Server

MAX_GROWTH = 1.1
SEED = 20260401
CLIENTS = 3
# The release that comes and goes, and its file.
RELEASE, FILE = "FY2019", "icd10cm/icd10cm-FY2019.zip"
WORDS = ["fracture", "diabetes", "low back pain", "malignant neoplasm of liver", "asthma", "burn", "sepsis", "abscess"]


class Client:
    """Asks one question after another over one connection."""

    def __init__(self, address: tuple[str, int], codes: list[str], releases: list[str], seed: int):
        self.address, self.codes, self.releases = address, codes, releases
        self.chance = random.Random(seed)
        self.answered: collections.Counter[str] = collections.Counter()

    def day(self) -> str:
        return f"{self.chance.randint(2016, 2026)}-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}"

    def claims(self) -> bytes:
        rows = "".join(f"{self.chance.choice(self.codes)},{self.day()}\n" for _ in range(self.chance.choice([10, 1_000, 50_000])))
        fields = [('name="file"; filename="c.csv"', "dx,dos\n" + rows), ('name="code"', "dx"), ('name="date"', "dos")]
        parts = [f"--x\r\ncontent-disposition: form-data; {name}\r\n\r\n{value}\r\n" for name, value in fields]
        return "".join([*parts, "--x--\r\n"]).encode()

    def question(self) -> tuple[str, str, bytes | None, str | None]:
        code, day, kind = self.chance.choice(self.codes), self.day(), self.chance.random()
        if kind < 0.4:
            return "GET", f"/api/check?code={code}&on={day}", None, None
        if kind < 0.5:
            many = {"codes": [self.chance.choice(self.codes) for _ in range(self.chance.choice([10, 1_000]))], "on": day}
            return "POST", "/api/check", json.dumps(many).encode(), "application/json"
        if kind < 0.65:
            return "GET", f"/icd10cm/{code}?on={day}", None, None
        if kind < 0.8:
            return "GET", f"/api/search?q={self.chance.choice(WORDS).replace(' ', '+')}&on={day}", None, None
        if kind < 0.9:
            return "GET", f"/fhir/r4/CodeSystem/$lookup?system={FHIR_SYSTEM}&code={code}&date={day}", None, None
        if kind < 0.93:
            word = self.chance.choice(WORDS).split()[0]
            return "GET", f"/fhir/r4/ValueSet/$expand?url={FHIR_SYSTEM}?fhir_vs&count=200&filter={word}&date={day}", None, None
        if kind < 0.97:
            old, new = sorted(self.chance.sample(self.releases, 2))
            return "GET", f"/api/diff?code_set=icd10cm&old={old}&new={new}", None, None
        return "POST", "/audit", self.claims(), "multipart/form-data; boundary=x"

    def run(self, ends: float, answers) -> None:
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        while time.time() < ends:
            method, path, body, media = self.question()
            try:
                connection.request(method, path, body, {} if media is None else {"Content-Type": media})
                answer = connection.getresponse()
                answer.read()
                what = path.split("?")[0] if method == "POST" else "/" + path.split("/")[1].split("?")[0]
                self.answered[f"{answer.status} {what}"] += 1
            except (OSError, http.client.HTTPException) as error:
                self.answered[type(error).__name__] += 1
                connection.close()
        answers.put(dict(self.answered))


def ask(address, codes: list[str], releases: list[str], seed: int, ends: float, answers) -> None:
    Client(address, codes, releases, seed).run(ends, answers)


def come_and_go(program: list[str], file: str, ends: float, gone) -> None:
    """Takes a release out and imports it again, until the end."""
    times = 0
    while time.time() < ends:
        for argv in (["remove", RELEASE, "--code-set", "icd10cm"], ["import", file]):
            done = subprocess.run([*program, *argv], capture_output=True, text=True, check=False)
            if done.returncode:
                gone.put(f"{argv[0]}: {done.stderr[-500:]}")
                return
            time.sleep(5)
        times += 1
    gone.put(times)


def run(arguments: argparse.Namespace) -> int:
    binary = arguments.binary
    if binary is None:
        binary, _ = build()
    releases = official_releases(arguments.releases)
    with tempfile.TemporaryDirectory(prefix="codeyear-soak-") as folder:
        path = Path(folder) / "codeyear.db"
        if arguments.db is not None:
            subprocess.run([str(binary), "--db", str(arguments.db), "backup", str(path)], check=True, stdout=subprocess.DEVNULL)
        else:
            subprocess.run([str(binary), "--db", str(path), "import", *(str(releases / one) for one in ("icd10cm", "icd10pcs"))],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        program = [str(binary), "--db", str(path)]
        exported = subprocess.run([*program, "export", "spans", "--code-set", "icd10cm"], check=True, capture_output=True, text=True)
        codes = sorted({line.split(",")[1] for line in exported.stdout.splitlines()[1:]})
        with Server([*program, "serve", "--listen", "127.0.0.1:0", "--log", "off"]) as server:
            host, _, port = server.base.removeprefix("http://").partition(":")
            address = (host, int(port))
            server.wait("/healthz", lambda body: b"not yet known" not in body)
            loaded = json.loads(server.get("/api/releases?code_set=icd10cm"))["releases"]
            named = [one["release"] for one in loaded if one["release"] != RELEASE]
            begun = time.time()
            ends = begun + arguments.minutes * 60
            answers, gone = multiprocessing.Queue(), multiprocessing.Queue()
            clients = [multiprocessing.Process(target=ask, args=(address, codes, named, SEED + at, ends, answers), daemon=True)
                       for at in range(CLIENTS)]  # fmt: skip
            importer = multiprocessing.Process(target=come_and_go, args=(program, str(releases / FILE), ends, gone), daemon=True)
            for process in (*clients, importer):
                process.start()
            samples: list[tuple[float, int]] = []
            minute = 0
            while (now := time.time()) < ends:
                samples.append((now - begun, server.memory()))
                if (now - begun) // 60 > minute:
                    minute += 1
                    of_minute = [memory for at, memory in samples if at >= (minute - 1) * 60]
                    print(f"  minute {minute:>3}: {quantity(max(of_minute), 'MB')} at most", flush=True)
                time.sleep(0.2)
            answered: collections.Counter[str] = collections.Counter()
            for _ in clients:
                answered.update(answers.get(timeout=300))
            times = gone.get(timeout=300)
            server.get("/api/check?code=C7B&on=2026-03-01")
    if isinstance(times, str):
        raise CannotMeasure(times)
    third = (ends - begun) / 3

    def most(part: int) -> int:
        return max(memory for at, memory in samples if part * third <= at < (part + 1) * third)

    # A code of a day on which its release is out is not found.
    failed = {what: count for what, count in answered.items() if not what.startswith(("200", "404"))}
    targets = [
        Target("memory of the last third to that of the second", most(2) / most(1), MAX_GROWTH, False,
               f"{most(2) / most(1):.2f} ({', '.join(quantity(most(part), 'MB') for part in range(3))})", f"< {MAX_GROWTH}"),
        Target(f"times that {RELEASE} went and came", times, 1, True, str(times), ">= 1"),
        Target("questions that failed", sum(failed.values()), 1, False, str(failed or 0), "0"),
    ]  # fmt: skip
    print(f"{sum(answered.values()):,} questions in {arguments.minutes} minutes; {RELEASE} went and came {times} times; "
          f"most memory {quantity(max(memory for _, memory in samples), 'MB')}")  # fmt: skip
    for what, count in sorted(answered.items()):
        print(f"  {count:>8} {what}")
    for target in targets:
        print(f"{target.what}: {target.shown} ({target.shown_limit}) {'met' if target.met() else 'MISSED'}")
    return 0 if all(target.met() for target in targets) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--releases", type=Path, metavar="FOLDER", help="[default: ../shared/releases]")
    parser.add_argument("--db", type=Path, metavar="FILE", help="a database that holds them, which is copied")
    parser.add_argument("--binary", type=Path, metavar="PROGRAM", help="[default: built as it is shipped]")
    parser.add_argument("--minutes", type=float, default=30, help="[default: 30]")
    return exit_code(lambda: run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
