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

cache="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}"
releases="${CODEYEAR_RELEASES:-$PWD/../shared/releases}"

cannot() {
    printf 'cannot run the test on Spark: %s\n' "$*" >&2
    exit 2
}

# Spark 4 runs on Java 17 and 21.
is_java() {
    [ -x "$1" ] && "$1" -version 2>&1 | grep -Eq 'version "(17|21)[."]'
}

find_java() {
    local found
    for found in "${JAVA_HOME:-/none}/bin/java" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        if is_java "$found"; then
            found="$(readlink -f "$found")"
            printf '%s\n' "${found%/bin/java}"
            return 0
        fi
    done
    return 1
}

install_java() {
    local as_root=()
    command -v apt-get >/dev/null || cannot "no Java 17 or 21, and no apt-get to install it: install one and set JAVA_HOME"
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || cannot "no Java 17 or 21, and no right to install it: apt-get install openjdk-17-jre-headless"
        as_root=(sudo -n)
    fi
    "${as_root[@]}" apt-get update -qq >&2 || true
    local version
    for version in 17 21; do
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            "openjdk-$version-jre-headless" >&2 && return 0
    done
    cannot "Java 17 could not be installed: install it and set JAVA_HOME"
}

if ! JAVA_HOME="$(find_java)"; then
    install_java
    JAVA_HOME="$(find_java)" || cannot "Java was installed, and is in none of the usual places: set JAVA_HOME"
fi
export JAVA_HOME

# The environment is of these requirements; other ones make another.
wanted="$(sha256sum spark/requirements.txt | cut -c1-12)"
venv="$cache/spark-$wanted"
if [ ! -e "$venv/complete" ]; then
    mkdir -p "$cache"
    python3 -m venv --clear "$venv" || cannot "python3 -m venv failed (Debian has it in python3-venv)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r spark/requirements.txt ||
        cannot "pip could not install spark/requirements.txt"
    touch "$venv/complete"
fi

cargo build --quiet --locked
target="$(cargo metadata --no-deps --format-version 1 --locked |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
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
# The workers have to be of the same Python as the driver.
export PYSPARK_PYTHON="$venv/bin/python" PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" spark/test_audit_claims.py --codeyear "$target/debug/codeyear" --db "$work/codeyear.db" "$@"
