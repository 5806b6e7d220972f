#!/usr/bin/env bash
# Validates every resource that codeyear produces with libraries that others made: the exports, and what the server
# answers to a list of requests (every operation, in R4 and R5, with GET and POST).
#
#   tests/fhir/run-tests.sh [--base URL]
#
# --base URL        ask this server, whose R4 and R5 are at URL/r4 and URL/r5, instead of one that is started here;
#                   it has to hold the releases of the bundled sample or more
# CODEYEAR_CACHE    where the libraries are kept, some 700 MB [default: ~/.cache/codeyear]
# CODEYEAR_RELEASES the folder with the official releases [default: ../shared/releases]; without them the sample
#
# hl7.fhir.* are the packages of the specification: its definitions of operations hold what goes in and comes out, and
# every ValueSet and Bundle of its examples is sent. fhir.resources (Python) knows R5 and R4B, which for these resources differs from R4 in nothing that is used here;
# fhir (JavaScript) knows R4 4.0.1 by the profiles of the specification that it bundles; fhir-kit-client is a
# client that knows nothing of codeyear.
# Exit codes: 0 all are valid, 1 some are not, 2 the test could not be run.
set -euo pipefail
cd "$(dirname "$0")/../.."

not_run() {
    printf 'NOT RUN: %s\n' "$*" >&2
    exit 2
}

base=""
if [ "${1:-}" = "--base" ]; then
    base="${2:?--base needs an address}"
fi
releases="${CODEYEAR_RELEASES:-$PWD/../shared/releases}"
cache="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}"

# The environments are of these requirements; other ones make others.
wanted="$(cat tests/fhir/requirements.txt tests/fhir/package.json | sha256sum | cut -c1-12)"
tools="$cache/fhir-$wanted"
if [ ! -e "$tools/complete" ]; then
    command -v npm >/dev/null || not_run "npm is needed to install the libraries"
    mkdir -p "$tools"
    python3 -m venv --clear "$tools/venv" || not_run "python3 -m venv failed (Debian has it in python3-venv)"
    "$tools/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/fhir/requirements.txt ||
        not_run "pip could not install tests/fhir/requirements.txt"
    cp tests/fhir/package.json "$tools/"
    npm install --silent --no-audit --no-fund --prefix "$tools" || not_run "npm could not install tests/fhir/package.json"
    touch "$tools/complete"
fi

source tests/built.sh
codeyear="$target/debug/codeyear"
server=""
finish() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
    rm -rf "$work"
}
trap finish EXIT

if [ -n "${CODEYEAR_DB:-}" ]; then
    database="$CODEYEAR_DB"
else
    database="$work/codeyear.db"
    if [ -d "$releases/icd10cm" ] && [ -d "$releases/icd10pcs" ]; then
        sources=("$releases/icd10cm" "$releases/icd10pcs")
    else
        echo "NOT RUN on the official releases: $releases is not there; the bundled sample takes their place" >&2
        sources=(releases/sample/icd10cm/* releases/sample/icd10pcs/*)
    fi
    "$codeyear" --db "$database" import "${sources[@]}" >/dev/null 2>"$work/import.txt" || {
        cat "$work/import.txt" >&2
        exit 1
    }
fi

for version in r4 r5; do
    "$codeyear" --db "$database" export fhir --fhir "$version" -o "$work/$version"
done

failed=0
if [ -z "$base" ]; then
    if "$codeyear" serve --help >/dev/null 2>&1; then
        "$codeyear" --db "$database" serve --listen 127.0.0.1:0 >"$work/serve.out" 2>"$work/serve.txt" &
        server=$!
        for _ in $(seq 100); do
            base="$(grep -ohE 'http://127\.0\.0\.1:[0-9]+' "$work/serve.out" "$work/serve.txt" | head -1 || true)"
            [ -n "$base" ] && break
            sleep 0.2
        done
        [ -n "$base" ] || { cat "$work/serve.txt" >&2; echo "the server did not start" >&2; exit 1; }
        base="$base/fhir"
    else
        echo "NOT RUN on a server: this codeyear has none; name one with --base" >&2
    fi
fi
if [ -n "$base" ]; then
    node tests/fhir/ask.cjs "$base" "$work/answers" "$tools/node_modules" || failed=1
    node tests/fhir/specification.cjs "$base" "$tools/node_modules" || failed=1
fi
export PYTHONDONTWRITEBYTECODE=1
"$tools/venv/bin/python" tests/fhir/validate.py "$work" || failed=1
NODE_PATH="$tools/node_modules" node --max-old-space-size=4096 tests/fhir/validate.cjs "$work" || failed=1
exit "$failed"
