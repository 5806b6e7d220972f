"""The program `codeyear`."""

import os
import signal
import sys

from codeyear._codeyear import main as run


def main() -> None:
    """Runs the program with the arguments of this process, and ends with its exit code."""
    # Python only notes an interrupt, and would act on it when the program returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What the program calls itself: `python -m codeyear` has the path of this file there.
    code = run(["codeyear", *sys.argv[1:]])
    # Nothing of Python's own is left to write, and an interpreter takes as long to end as a question to answer.
    os._exit(code)


if __name__ == "__main__":
    main()
