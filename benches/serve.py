#!/usr/bin/env python3
"""Measures `codeyear serve` under load, beside a bare route of axum on the same machine in the same run.

Builds the release binary, imports the official releases, starts the server, and loads it from the same two cores
with wrk: checks, FHIR validations, code pages and searches over codes, days and words drawn with a fixed seed.
Prints Markdown, writes serve.json with every figure, and with --update-figures replaces the block between the two
marks of docs/figures.md.

Exit codes: 0 every target is met, 1 one is missed (stderr says which), 2 it could not be measured.
"""

import argparse
import json
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from measure import (
    MB, CannotMeasure, Target, build, cpu_model, exit_code, finish, load, official_releases, pin,
    figures_parts, say, tool,
)  # fmt: skip

BEGIN, END = "<!-- serve-bench:begin -->", "<!-- serve-bench:end -->"
SEED = 20260401
LEAST_REQUESTS = 20_000
MOST_P99 = 0.005
MOST_PAGE = 0.002
MOST_SEARCH_P99 = 0.010
MOST_MEMORY = 150 * MB
MOST_START = 0.100
CONNECTIONS = 32
WORDS = (
    "low back pain", "carcinoid liver", "diabetes", "fracture femur", "hypertension", "asthma", "copd", "migraine",
    "chest pain", "pneumonia", "sepsis", "anemia", "obesity", "covid", "burn hand", "melanoma", "stroke", "gout",
    "sclerosis", "anxiety", "depress", "headache", "cellulitis leg", "type 2 diab", "secondary neuroendocrine",
)  # fmt: skip
FHIR_SYSTEM = "http://hl7.org/fhir/sid/icd-10-cm"

# Takes the addresses one after the other, from a place that each thread begins at, and says how long answers took.
LUA = """
local targets = {}
for line in io.lines(os.getenv("TARGETS")) do targets[#targets + 1] = line end
local at = 0
local threads = 0
function setup(thread) thread:set("begin", threads * 7919); threads = threads + 1 end
function init(args) at = begin end
function request()
  at = at + 1
  return wrk.format("GET", targets[(at % #targets) + 1])
end
function done(summary, latency, requests)
  io.write(string.format("FIGURES %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


class Server:
    """A process that serves, stopped at the end of its block."""

    def __init__(self, argv: list[str], address: str | None = None):
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.base = f"http://{address}" if address else self.process.stdout.readline().strip()
        if not self.base:
            raise CannotMeasure(f"{argv[0]} does not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)

    def get(self, target: str) -> bytes:
        try:
            with urllib.request.urlopen(self.base + target, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise CannotMeasure(f"{target}: {error.code} {error.read()[:300]!r}") from error

    def wait(self, target: str, until=lambda body: True) -> None:
        for _ in range(600):
            try:
                if until(self.get(target)):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise CannotMeasure(f"{self.base}{target} does not answer")

    def memory(self) -> int:
        """Resident bytes of the process now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def handler_seconds(self, route: str) -> tuple[float, int]:
        """Time that the server spent on a route, and how often."""
        text = self.get("/metrics").decode()
        name = "codeyear_request_duration_seconds"
        found = [re.search(rf'^{name}_{what}{{route="{re.escape(route)}"}} (\S+)$', text, re.M) for what in ("sum", "count")]
        if not all(found):
            return 0.0, 0
        return float(found[0][1]), int(found[1][1])


class Bench:
    def __init__(self, work: Path, seconds: int):
        self.work, self.seconds = work, seconds
        self.script = work / "load.lua"
        self.script.write_text(LUA, encoding="ascii")
        self.rows: list[tuple] = []
        self.targets: list[Target] = []

    def load(self, what: str, base: str, targets: list[str], connections: int) -> dict:
        """Asks for the addresses in turn, as fast as they are answered."""
        path = self.work / "targets.txt"
        path.write_text("\n".join(targets), encoding="utf-8")
        say(f"{what}: {connections} connections for {self.seconds} s")
        threads = 2 if connections > 1 else 1
        argv = [tool("wrk"), f"-t{threads}", f"-c{connections}", f"-d{self.seconds}s", "-s", str(self.script), base]
        done = subprocess.run(argv, env={"TARGETS": str(path), "PATH": "/usr/bin"}, capture_output=True, text=True, check=False)
        found = re.search(r"FIGURES (.+)", done.stdout)
        if done.returncode or not found:
            raise CannotMeasure(f"{what}: {done.stdout}{done.stderr}")
        requests, micros, p50, p99, slowest, statuses, broken = map(int, found[1].split())
        if statuses or broken:
            raise CannotMeasure(f"{what}: {statuses} answers were failures, {broken} connections broke")
        figures = {
            "what": what, "connections": connections, "requests": requests, "rate": requests / (micros / 1e6),
            "p50": p50 / 1e6, "p99": p99 / 1e6, "max": slowest / 1e6,
        }  # fmt: skip
        self.rows.append(figures)
        return figures

    def target(self, what: str, measured: float, limit: float, at_least: bool, shown: str, shown_limit: str) -> None:
        self.targets.append(Target(what, measured, limit, at_least, shown, shown_limit))


def draw(binary: Path, database: Path) -> tuple[list[str], list[str]]:
    """Codes of all releases, with their dots, each with a day on which some release governs."""
    done = subprocess.run(
        [binary, "--db", database, "export", "spans", "--code-set", "icd10cm", "--format", "ndjson"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    codes = sorted({json.loads(line)["code"] for line in done.stdout.splitlines()})
    numbers = random.Random(SEED)
    drawn = numbers.sample(codes, 20_000)
    days = [f"{year}-{month:02}-{day:02}" for year in range(2016, 2027) for month in range(1, 10) for day in (1, 15, 28)]
    return drawn, [numbers.choice(days) for _ in drawn]


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def quote(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def measure(bench: Bench, binary: Path, bare: Path, database: Path) -> dict:
    codes, days = draw(binary, database)
    serve = [str(binary), "--db", str(database), "serve", "--listen", "127.0.0.1:0"]
    starts = []
    for _ in range(5):
        with Server(serve) as server:
            server.get(f"/api/check?code=C7B&on={days[0]}")
            starts.append(time.perf_counter() - server.begun)
    start = sorted(starts)[2]
    checks = [f"/api/check?code={quote(code)}&on={day}" for code, day in zip(codes, days)]
    fhir = [
        f"/fhir/r4/CodeSystem/$validate-code?url={quote(FHIR_SYSTEM)}&code={quote(code)}&date={day}"
        for code, day in zip(codes, days)
    ]
    # Codes that are listed on the day: a page of one that is not is another page.
    listed = [(code, "2026-03-01") for code in codes]
    with Server(serve) as server:
        server.wait("/healthz", lambda body: b"not yet known" not in body)
        pages = []
        for code, day in listed:
            if len(pages) == 500:
                break
            target = f"/api/check?code={quote(code)}&on={day}"
            verdict = json.loads(server.get(target))["answers"][0]["verdict"]
            if verdict in ("billable", "header"):
                pages.append(f"/icd10cm/{quote(code)}?on={day}")
        searches = [f"/api/search?q={quote(words)}&on=2026-03-01" for words in WORDS]
        answer = bench.work / "answer.json"
        answer.write_bytes(server.get(checks[0]))
        address = free_address()
        with Server([str(bare), address, str(answer)], address) as limit_server:
            limit_server.wait("/")
            limit = bench.load("bare route of axum", limit_server.base, ["/"], CONNECTIONS)
            check = bench.load("/api/check", server.base, checks, CONNECTIONS)
            validate = bench.load("FHIR $validate-code", server.base, fhir, CONNECTIONS)
        bench.load("/api/check, one client", server.base, checks, 1)
        page = bench.load("code page, one client", server.base, pages, 1)
        seconds, count = server.handler_seconds("/icd10cm/{code}")
        search = bench.load("search, one client", server.base, searches, 1)
        memory = server.memory()
    handled = seconds / count if count else page["p50"]
    for figures in (check, validate):
        what = figures["what"]
        bench.target(f"{what}, requests a second", figures["rate"], LEAST_REQUESTS, True, f"{figures['rate']:,.0f}", f"at least {LEAST_REQUESTS:,}")
        bench.target(f"{what}, 99th percentile", figures["p99"], MOST_P99, False, milliseconds(figures["p99"]), "under 5 ms")
    bench.target("code page, mean time in the server", handled, MOST_PAGE, False, milliseconds(handled), "under 2 ms")
    bench.target("search, 99th percentile", search["p99"], MOST_SEARCH_P99, False, milliseconds(search["p99"]), "under 10 ms")
    bench.target("memory after the load", memory, MOST_MEMORY, False, f"{memory / MB:.0f} MB", "under 150 MB")
    bench.target("start to first answer", start, MOST_START, False, milliseconds(start), "under 100 ms")
    return {
        "limit": limit["rate"],
        "check_share": check["rate"] / limit["rate"],
        "validate_share": validate["rate"] / limit["rate"],
        "starts": starts,
    }


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def markdown(bench: Bench, shares: dict, cores: int) -> str:
    lines = [
        f"`benches/serve.py` on {cpu_model()}, {cores} cores shared by the server and the load "
        f"(wrk, {bench.seconds} s each, {CONNECTIONS} connections where nothing else is said; all releases loaded):",
        "",
        "| asked for | requests a second | half within | 99 of 100 within |",
        "|---|---:|---:|---:|",
    ]
    for row in bench.rows:
        lines.append(f"| {row['what']} | {row['rate']:,.0f} | {milliseconds(row['p50'])} | {milliseconds(row['p99'])} |")
    lines += [
        "",
        f"A bare route of axum that gives everyone the same bytes is the limit here: `/api/check` reaches "
        f"{shares['check_share']:.0%} of it, `$validate-code` {shares['validate_share']:.0%}.",
        "",
        "| target | measured | limit | |",
        "|---|---:|---:|---|",
    ]
    for target in bench.targets:
        lines.append(f"| {target.what} | {target.shown} | {target.shown_limit} | {'met' if target.met() else 'missed'} |")
    return "\n".join(lines)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--releases", type=Path, metavar="FOLDER", help="folder with icd10cm and icd10pcs [default: ../shared/releases]")
    parser.add_argument("--db", type=Path, help="a database of all releases, instead of importing them")
    parser.add_argument("--seconds", type=int, default=10, help="length of each load")
    parser.add_argument("--update-figures", action="store_true")
    return parser.parse_args()


def run(options: argparse.Namespace) -> int:
    if options.update_figures:
        figures_parts(BEGIN, END)
    tool("wrk")
    binary, target = build("bare_route")
    cores = pin()
    say(f"load before: {load():.2f}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        database = options.db
        if database is None:
            database = work / "codeyear.db"
            releases = official_releases(options.releases)
            argv = [binary, "--db", database, "import", releases / "icd10cm", releases / "icd10pcs"]
            say("importing the official releases")
            if subprocess.run(argv, check=False, capture_output=True).returncode:
                raise CannotMeasure(f"the releases of {releases} cannot be imported")
        bench = Bench(work, options.seconds)
        shares = measure(bench, binary, target / "dist" / "examples" / "bare_route", database)
    figures = {"rows": bench.rows, **shares, "targets": [vars(target) for target in bench.targets]}
    marks = (BEGIN, END) if options.update_figures else None
    results = target / "bench" / "serve.json"
    return finish(markdown(bench, shares, cores), figures, results, bench.targets, marks)


if __name__ == "__main__":
    sys.exit(exit_code(lambda: run(parse_arguments())))
