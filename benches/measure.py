"""What the benchmarks share: processes measured whole, targets, peers installed, the block of docs/figures.md.

A command is started and reaped by a process as small as Python can be, so that its memory is its own.
"""

import json
import marshal
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
CORES = 2
MB = 1_000_000
# ru_maxrss is in KiB on Linux and in bytes on macOS.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024

# Starts, times and reaps each command. Linux counts the memory of the process that starts a command as the
# command's own, up to its exec: so it is started by one that stays as small as Python can be.
STARTER = """
import marshal, os, sys, time
while True:
    argv, environment, stdin, stderr = marshal.load(sys.stdin.buffer)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    start = time.perf_counter()
    process = os.posix_spawn(argv[0], argv, environment, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    exit_code = os.waitstatus_to_exitcode(status)
    answer = (exit_code, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
    marshal.dump(answer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
"""


class CannotMeasure(Exception):
    """What keeps a figure from being measured; its text is for the user."""


@dataclass
class Sample:
    """One run of one process."""

    wall: float
    cpu: float
    memory: int


@dataclass
class Case:
    """A command to measure, and its runs."""

    name: str
    argv: list[str]
    stdin: str = os.devnull
    exits: tuple[int, ...] = (0,)
    restored: Path | None = None
    before: Path | None = None
    output: Path | None = None
    # A folder that is empty when the command starts, as HOME: an empty machine.
    home: Path | None = None
    peer: bool = False
    samples: list[Sample] = field(default_factory=list)

    def walls(self) -> list[float]:
        return [sample.wall for sample in self.samples]

    def wall(self) -> float:
        return median(self.walls())

    def cpu(self) -> float:
        return median(sample.cpu for sample in self.samples)

    def memory(self) -> int:
        return max(sample.memory for sample in self.samples)


@dataclass
class Target:
    """A figure with a limit."""

    what: str
    measured: float
    limit: float
    at_least: bool
    shown: str
    shown_limit: str

    def met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured < self.limit


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# Running.


class Runner:
    """Runs commands one at a time, with stdout thrown away and stderr kept for a failure."""

    def __init__(self, work: Path):
        self.stderr = work / "stderr.txt"
        keep = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT")
        self.environment = {name: os.environ[name] for name in keep if name in os.environ}
        # The user's own settings are no part of what is measured.
        self.environment |= {
            "LC_ALL": "C.UTF-8",
            "NO_COLOR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PAGER": "cat",
        }

        self.starter = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        self.starter.kill()
        self.starter.communicate()

    def run(self, case: Case) -> Sample:
        if case.restored:
            restore_database(case.restored, case.before)
        if case.output and case.output.is_file():
            # Freeing what the last run wrote is no part of this one.
            case.output.unlink()
        environment = self.environment
        if case.home:
            shutil.rmtree(case.home, ignore_errors=True)
            case.home.mkdir(parents=True)
            environment = environment | {"HOME": str(case.home)}
        marshal.dump((case.argv, environment, case.stdin, str(self.stderr)), self.starter.stdin)
        self.starter.stdin.flush()
        try:
            exit_code, wall, cpu, memory = marshal.load(self.starter.stdout)
        except EOFError as error:
            raise CannotMeasure(f"{case.name}: {case.argv[0]} cannot be started") from error
        if exit_code not in case.exits:
            last = self.stderr.read_text(errors="replace").strip()[-2000:]
            raise CannotMeasure(f"{case.name}: exit code {exit_code} of {shlex.join(case.argv)}\n{last}")
        return Sample(wall, cpu, memory * RSS_UNIT)

    def measure(self, cases: list[Case], runs: int, warm_ups: int) -> None:
        """Runs the cases in turn, A B A B, so that a busy minute hits all of them."""
        others = f" and {len(cases) - 1} more in turn" if len(cases) > 1 else ""
        say(f"{runs} runs of {cases[0].name}{others}")
        for round_number in range(-warm_ups, runs):
            for case in cases:
                sample = self.run(case)
                if round_number >= 0:
                    case.samples.append(sample)

    def output(self, argv: list[str], stdin: str | None = None, exits: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            argv, env=self.environment, text=True, capture_output=True, input=stdin, check=False
        )
        if done.returncode not in exits:
            raise CannotMeasure(f"{shlex.join(argv)}: exit code {done.returncode}\n{done.stderr.strip()}")
        return done.stdout


def remove_database(path: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        Path(f"{path}{end}").unlink(missing_ok=True)


def restore_database(path: Path, before: Path | None) -> None:
    """Puts a database in its state before an import: none, or a copy that is on the disk already."""
    remove_database(path)
    if before:
        shutil.copyfile(before, path)
        with path.open("rb+") as copy:
            os.fsync(copy.fileno())


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise CannotMeasure(f"{name} is not installed")
    return path


def build(*examples: str) -> tuple[Path, Path]:
    """Builds the program as it is shipped and the examples named; gives the binary and cargo's target folder."""
    cargo = tool("cargo")
    command = [cargo, "build", "--workspace", "--profile", "dist", "--locked", "--bin", "codeyear"]
    for example in examples:
        command += ["--example", example]
    say(shlex.join(["cargo", *command[1:]]))
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise CannotMeasure("the release binary does not build")
    metadata = subprocess.run(
        [cargo, "metadata", "--no-deps", "--format-version", "1", "--locked"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    target = Path(json.loads(metadata.stdout)["target_directory"])
    return target / "dist" / "codeyear", target


def install(venv: Path, *pinned: str) -> Path:
    """Installs peers, each as `name==version`, into a virtual environment of its own, once; gives its Python."""
    python = venv / "bin" / "python"
    names = [one.split("==")[0] for one in pinned]
    ask = f"import importlib.metadata as m; print(*(f'{{name}}=={{m.version(name)}}' for name in {names!r}))"
    if python.exists():
        installed = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
        if installed.stdout.split() == list(pinned):
            return python
    say(f"pip install {shlex.join(pinned)} into a virtual environment of its own")
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pinned],
                       check=True, stdout=sys.stderr)  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise CannotMeasure(f"{shlex.join(pinned)} cannot be installed: {error}") from error
    return python


# Showing.


def quantity(value: float, unit: str) -> str:
    if unit == "MB":
        return f"{value / MB:.0f} MB"
    if unit == "ms":
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s"


def duration(seconds: float) -> str:
    return quantity(seconds, "s" if seconds >= 1 else "ms")


def cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return " ".join(line.split(":", 1)[1].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


def pin() -> int:
    """Keeps this process and what it starts on at most two cores; gives their number."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    return len(cores)


def load() -> float:
    return os.getloadavg()[0]


def figures_parts(begin: str, end: str, name: str = "docs/figures.md") -> tuple[Path, str, str]:
    """The text of a document before a block and from its end on."""
    path = ROOT / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise CannotMeasure(f"{name} does not hold {begin} and then {end}, once each")
    return path, text[: text.index(begin)], text[text.index(end) :]


def update_figures(begin: str, end: str, block: str, name: str = "docs/figures.md") -> None:
    path, before, after = figures_parts(begin, end, name)
    path.write_text(f"{before}{begin}\n{block}\n{after}", encoding="utf-8")


def official_releases(folder: Path | None) -> Path:
    """The folder of the official releases: the one named, or the one beside the project."""
    releases = (folder or ROOT.parent / "shared" / "releases").resolve()
    if not releases.is_dir():
        raise CannotMeasure(f"{folder or '../shared/releases'} is no folder: name it with --releases")
    return releases


def machine(runner: Runner, binary: Path, command: str, cores_used: int) -> dict:
    """What a report says of where it was measured."""
    return {
        "command": command,
        "cpu": cpu_model(),
        "cores": os.cpu_count() or 1,
        "cores_used": cores_used,
        "system": f"{platform.system()} {platform.machine()}",
        "codeyear": runner.output([str(binary), "--version"]).split()[-1],
        "python": platform.python_version(),
        "load_before": load(),
    }


def note_load(environment: dict) -> None:
    """Says so if the figures were measured beside other work."""
    if max(environment["load_before"], environment["load_after"]) > environment["cores_used"]:
        say("note: other work ran on this machine; wall times hold its waiting too, CPU times and ratios do less")


def finish(text: str, told: dict, results: Path, targets: list[Target], marks: tuple[str, str] | None) -> int:
    """Prints the report, keeps every single figure, and puts the report between marks of docs/figures.md.

    The exit code is 1 if a target is missed."""
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(text)
    if marks:
        update_figures(*marks, text)
    missed = [target for target in targets if not target.met()]
    for target in missed:
        say(f"missed: {target.what}: {target.shown}, target {target.shown_limit}")
    return 1 if missed else 0


def exit_code(run: Callable[[], int]) -> int:
    """Runs a benchmark; what keeps it from measuring is told, with exit code 2."""
    try:
        return run()
    except CannotMeasure as error:
        say(f"error: {error}")
        return 2
