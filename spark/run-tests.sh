#!/usr/bin/env bash
# Runs test_audit_claims.py on a real local Spark: finds or installs Java, keeps PySpark in a cache folder, builds
# codeyear, imports the official releases (without them the bundled sample) and compares row for row.
#
#   spark/run-tests.sh [--rows N]
#
# CODEYEAR_CACHE    where PySpark is kept, some 500 MB [default: ~/.cache/codeyear]
# CODEYEAR_RELEASES the folder with the official releases [default: ../shared/releases]
# Exit codes: 0 no row differs, 1 some do, 2 the test could not be run.
set -euo pipefail
cd "$(dirname "$0")/.."

releases="${CODEYEAR_RELEASES:-$PWD/../shared/releases}"
# shellcheck source=spark/environment.sh
. spark/environment.sh

source tests/built.sh
if [ -d "$releases/icd10cm" ] && [ -d "$releases/icd10pcs" ]; then
    sources=("$releases/icd10cm" "$releases/icd10pcs")
else
    echo "NOT RUN on the official releases: $releases is not there; the bundled sample takes their place" >&2
    sources=(releases/sample/icd10cm/* releases/sample/icd10pcs/*)
fi
"$target/debug/codeyear" --db "$work/codeyear.db" import "${sources[@]}" >/dev/null 2>"$work/import.txt" || {
    cat "$work/import.txt" >&2
    exit 1
}
export PYTHONDONTWRITEBYTECODE=1
"$PYSPARK_PYTHON" spark/test_audit_claims.py --codeyear "$target/debug/codeyear" --db "$work/codeyear.db" "$@"
