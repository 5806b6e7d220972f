"""codeyear: what a medical code meant on a date.

The package holds the program of the same name: `codeyear check C7B`, or `python -m codeyear check C7B`.
"""

from codeyear._codeyear import __VERSION__ as __version__

__all__ = ["__version__"]
