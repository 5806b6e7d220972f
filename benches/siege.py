#!/usr/bin/env python3
"""Besieges `codeyear serve` with small requests that are dear to answer, and measures what is left for others.

Starts the server over all official releases and, all at once: asks for ten thousand times one header, sends FHIR
batches of expansions, compares releases by sixteen clients, asks for large answers that nobody reads, begins bodies and
uploads and heads that never end, and sends packed claims that unpack to hours of work, codes with slips, and rows that it
never reads. Meanwhile other processes ask small questions
and compare each answer with the one from before. Prints how long those took, what memory the server came to, and what
was lost.

Exit codes: 0 every target is met, 1 one is missed (stderr says which), 2 it could not be measured.
"""

import argparse
import collections
import contextlib
import gzip
import http.client
import json
import multiprocessing
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from measure import MB, CannotMeasure, Target, build, duration, exit_code, official_releases, quantity
from serve import FHIR_SYSTEM, Server

MOST_P99 = 0.050
MOST_MEMORY = 512 * MB
SEED = 20260401
UNREAD_ROWS = gzip.compress(b"dx,dos\n" + b"S72.001Z,2026-03-01\n" * 200_000)
PACKED_PART = gzip.compress(b"S72.001Z,2026-03-01\nZ99.8X1,2019-01-01\n" * 500_000)
JSON, FHIR = "application/json", "application/fhir+json"
SMALL = [
    "/api/check?code=C7B&on=2026-03-01",
    "/api/check?code=M54.5&on=2021-09-30",
    "/api/check?code=J44.9&code=E11.9&code=I10&on=2026-03-01",
    f"/fhir/r4/CodeSystem/$validate-code?url={FHIR_SYSTEM}&code=M54.5&date=2021-09-30",
    "/api/show?code=C7B.00&on=2026-03-01",
    "/api/search?q=low+back+pain&on=2026-03-01",
    "/icd10cm/C7B.00?on=2026-03-01",
    "/healthz",
]  # fmt: skip


def connect(address: tuple[str, int], timeout: float = 120) -> socket.socket:
    return socket.create_connection(address, timeout=timeout)


class Besiegers:
    """Threads that ask for too much, each again and again until the end, and how they were answered."""

    def __init__(self, address: tuple[str, int], ends: float, releases: list[str], seed: int):
        self.address, self.ends, self.releases = address, ends, releases
        self.idle: list[socket.socket] = []
        self.answered: collections.Counter[tuple[str, str]] = collections.Counter()
        self.chance = random.Random(seed)

    def ask(self, who: str, method: str, path: str, media: str | None = None, body: bytes | None = None) -> None:
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        try:
            connection.request(method, path, body, {} if media is None else {"Content-Type": media})
            answer = connection.getresponse()
            while answer.read(1 << 20):
                pass
            self.answered[who, str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            self.answered[who, type(error).__name__] += 1
        finally:
            connection.close()

    def again(self, once) -> threading.Thread:
        def run():
            while time.time() < self.ends:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    once()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def headers(self) -> None:
        body = json.dumps({"codes": ["S72"] * 10_000, "on": "2026-03-01"}).encode()
        self.ask("ten thousand headers", "POST", "/api/check", JSON, body)

    def headers_in_address(self) -> None:
        self.ask("headers in an address", "GET", "/api/check?on=2026-03-01" + "&code=S72" * 300)

    def batch(self) -> None:
        request = {"method": "GET", "url": f"ValueSet/$expand?url={FHIR_SYSTEM}?fhir_vs&count=1000&filter=fracture"}
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": request}] * 300}
        self.ask("batches", "POST", "/fhir/r4", FHIR, json.dumps(bundle).encode())

    def comparison(self) -> str:
        old, new = sorted(self.chance.sample(self.releases, 2))
        return f"/api/diff?code_set=icd10cm&old={old}&new={new}&notes=1"

    def diff(self) -> None:
        self.ask("comparisons", "GET", self.comparison())

    def never_reads(self) -> None:
        stream = connect(self.address)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # Each another one, so that one that is kept is not all of them.
        stream.sendall(f"GET {self.comparison()} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        self.idle.append(stream)
        time.sleep(30)

    def never_sends(self) -> None:
        streams = []
        for _ in range(520):
            stream = connect(self.address)
            stream.sendall(b"POST /api/check HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100000\r\n\r\n{")
            streams.append(stream)
        time.sleep(20)

    def uploads(self) -> None:
        head = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c.csv\"\r\n\r\ndx,dos\n"
        stream = connect(self.address, timeout=20)
        begin = "POST /audit HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary=x\r\n"
        stream.sendall(f"{begin}content-length: 62000000\r\n\r\n".encode() + head)
        for _ in range(60):
            stream.sendall(b"C7B.00,2026-03-01\n" * 55_000)
        time.sleep(10)

    def packed(self) -> None:
        # Parts that are packed alone follow one another: one of them is packed, and sent many times.
        part = PACKED_PART
        rows = gzip.compress(b"dx,dos\n") + part * max(6 * MB // len(part), 1)
        head = b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c.csv.gz\"\r\n\r\n"
        self.ask("packed claims", "POST", "/audit", "multipart/form-data; boundary=x", head + rows + b"\r\n--x--\r\n")


    def unread_rows(self) -> None:
        # Packed once: what the besiegers do takes no time from the server.
        rows = UNREAD_ROWS
        head = b"--x\r\ncontent-disposition: form-data; name=\"rows\"\r\n\r\n1\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"c.csv.gz\"\r\n\r\n"
        body = head + rows + b"\r\n--x--\r\n"
        self.leave("POST /audit", body, "content-type: multipart/form-data; boundary=x\r\n")

    def unread_pair(self) -> None:
        self.leave("GET /api/compare?left=S72&right=T84&on=2026-03-01", b"")

    def leave(self, what: str, body: bytes, headers: str = "") -> None:
        """Asks and reads nothing."""
        stream = connect(self.address)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"{what} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {len(body)}\r\n\r\n"
        stream.sendall((head if body else head.replace("content-length: 0\r\n", "")).encode() + body)
        self.idle.append(stream)
        self.answered["never read", "-"] += 1
        time.sleep(0.05)

    def long_heads(self) -> None:
        streams = []
        for _ in range(500):
            stream = connect(self.address)
            stream.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 62_000)
            streams.append(stream)
        time.sleep(5)

    def slips(self) -> None:
        codes = [f"0ZZ00{self.chance.choice('BCDFGHJK')}Z" for _ in range(10_000)]
        body = json.dumps({"codes": codes, "on": "2026-03-01", "code_set": "icd10pcs"}).encode()
        self.ask("slips of procedures", "POST", "/api/check", JSON, body)
        few = "".join(f"&code=0{self.chance.choice('BCDFGHJK')}Z00@Z" for _ in range(16))
        self.ask("slips in an address", "GET", "/api/check?code_set=icd10pcs&on=2026-03-01" + few)

    def book(self) -> None:
        day = f"20{self.chance.randint(16, 26)}-{self.chance.randint(1, 12):02}-01"
        self.ask("the book from the top", "GET", f"/icd10cm?on={day}")
        self.ask("resources", "GET", "/fhir/r4/ConceptMap?_count=1000")


# How many there are of each kind; each kind is a process of its own, so that none waits for another.
BESIEGERS = [
    (2, Besiegers.headers), (2, Besiegers.headers_in_address), (4, Besiegers.batch), (16, Besiegers.diff),
    (40, Besiegers.never_reads), (1, Besiegers.never_sends), (20, Besiegers.uploads), (2, Besiegers.packed),
    (2, Besiegers.unread_rows), (1, Besiegers.unread_pair), (1, Besiegers.long_heads), (2, Besiegers.slips), (2, Besiegers.book),
]  # fmt: skip


def besiege(number: int, address: tuple[str, int], ends: float, releases: list[str], told) -> None:
    times, once = BESIEGERS[number]
    besiegers = Besiegers(address, ends, releases, SEED + number)
    for _ in range(times):
        besiegers.again(lambda: once(besiegers))
    time.sleep(max(ends - time.time(), 0))
    told.put(dict(besiegers.answered))


def ask_small(address: tuple[str, int], expected: dict[str, bytes], ends: float, seed: int, told) -> None:
    """Asks small questions over one connection, fifty a second, and compares each answer."""
    chance = random.Random(seed)
    connection = http.client.HTTPConnection(*address, timeout=60)
    times, lost = [], []
    while time.time() < ends:
        target = chance.choice(SMALL)
        begun = time.perf_counter()
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            lost.append(f"{target}: {error!r}")
            connection.close()
            continue
        times.append((target, time.perf_counter() - begun))
        if answer.status != 200 or body != expected[target]:
            lost.append(f"{target}: {answer.status}")
        time.sleep(0.02)
    told.put((times, lost))


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def there_is(server: Server, target: str) -> bool:
    try:
        server.get(target)
    except CannotMeasure:
        return False
    return True


def watch_memory(server: Server, ends: float) -> int:
    most = 0
    while time.time() < ends:
        most = max(most, server.memory())
        time.sleep(0.1)
    return most


def run(arguments: argparse.Namespace) -> int:
    binary = arguments.binary
    if binary is None:
        binary, _ = build()
    with tempfile.TemporaryDirectory(prefix="codeyear-siege-") as folder:
        path = arguments.db
        if path is None:
            releases = official_releases(arguments.releases)
            path = Path(folder) / "codeyear.db"
            subprocess.run([str(binary), "--db", str(path), "import", *(str(releases / one) for one in ("icd10cm", "icd10pcs"))],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        with Server([str(binary), "--db", str(path), "serve", "--listen", "127.0.0.1:0", "--log", "off"]) as server:
            host, _, port = server.base.removeprefix("http://").partition(":")
            address = (host, int(port))
            server.wait("/healthz", lambda body: b"not yet known" not in body)
            expected = {target: server.get(target) for target in SMALL}
            before = server.memory()
            begun = time.time()
            ends = begun + arguments.seconds
            told = multiprocessing.Queue()
            besieged = multiprocessing.Queue()
            loaded = json.loads(server.get("/api/releases?code_set=icd10cm"))["releases"]
            releases = [one["release"] for one in loaded]
            # Notes are compared where both releases have them.
            pairs = zip(releases, releases[1:])
            with_notes = [pair for pair in pairs if there_is(server, f"/api/diff?code_set=icd10cm&old={pair[0]}&new={pair[1]}&notes=1")]
            releases = sorted({one for pair in with_notes for one in pair})
            sieges = [multiprocessing.Process(target=besiege, args=(at, address, ends, releases, besieged))
                      for at in range(len(BESIEGERS))]  # fmt: skip
            for siege in sieges:
                siege.start()
            askers = [multiprocessing.Process(target=ask_small, args=(address, expected, ends, SEED + at, told))
                      for at in range(2)]  # fmt: skip
            for asker in askers:
                asker.start()
            memory = watch_memory(server, ends)
            found = [told.get(timeout=120) for _ in askers]
            answered: collections.Counter[tuple[str, str]] = collections.Counter()
            for siege in sieges:
                answered.update(besieged.get(timeout=120))
            for siege in sieges:
                siege.terminate()
                siege.join()
            well = server.get(SMALL[0]) == expected[SMALL[0]]
            after = server.memory()
    times = [one for part, _ in found for one in part]
    lost = [one for _, part in found for one in part]
    p99 = percentile([seconds for _, seconds in times], 0.99)
    targets = [
        Target("small questions during the siege, p99", p99, MOST_P99, False, duration(p99), f"< {duration(MOST_P99)}"),
        Target("memory of the server at most", memory, MOST_MEMORY, False, quantity(memory, "MB"), f"< {quantity(MOST_MEMORY, 'MB')}"),
        Target("small questions that were lost or answered otherwise", len(lost), 1, False, str(len(lost)), "0"),
    ]  # fmt: skip
    print(f"{len(times):,} small questions in {arguments.seconds} s; memory {quantity(before, 'MB')} before, "
          f"{quantity(after, 'MB')} after; the first question is answered as before: {well}")  # fmt: skip
    for target in SMALL:
        own = [seconds for asked, seconds in times if asked == target]
        if own:
            print(f"  {duration(percentile(own, 0.5)):>9} {duration(percentile(own, 0.99)):>9}  {target}")
    print("the besiegers were answered:")
    for (who, how), count in sorted(answered.items()):
        print(f"  {count:>6} {how:>8}  {who}")
    # Who is always refused has shown nothing.
    through = {who for who, how in answered if how == "200"}
    held_off = {who for who, _ in answered if who not in ("packed claims", "never read")} - through
    if held_off:
        raise CannotMeasure(f"never let through: {', '.join(sorted(held_off))}")
    for target in targets:
        print(f"{target.what}: {target.shown} ({target.shown_limit}) {'met' if target.met() else 'MISSED'}")
    for one in lost[:10]:
        print(f"  lost: {one}", file=sys.stderr)
    return 0 if well and all(target.met() for target in targets) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--releases", type=Path, metavar="FOLDER", help="[default: ../shared/releases]")
    parser.add_argument("--db", type=Path, metavar="FILE", help="a database that holds them")
    parser.add_argument("--binary", type=Path, metavar="PROGRAM", help="[default: built as it is shipped]")
    parser.add_argument("--seconds", type=int, default=60, help="[default: 60]")
    arguments = parser.parse_args()
    return exit_code(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
