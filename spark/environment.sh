# shellcheck shell=bash
# Sets JAVA_HOME and PYSPARK_PYTHON for Spark: finds or installs Java, keeps PySpark in a cache folder. To be read by
# `.` at the root of the repository; run-tests.sh tells what may be set before.

cannot() {
    printf 'cannot run Spark: %s\n' "$*" >&2
    exit 2
}

cache="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}"

# Spark 4 runs on Java 17 and 21.
is_java() {
    local told
    [ -x "$1" ] && told="$("$1" -version 2>&1)" && [[ "$told" =~ version\ \"(17|21)[.\"] ]]
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
# The workers have to be of the same Python as the driver.
export PYSPARK_PYTHON="$venv/bin/python"
