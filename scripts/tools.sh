# Puts the tools of requirements.txt on the path of a script, which reads this file with `source`. They are in an
# environment of their own that is made once and kept in CODEYEAR_CACHE [default: ~/.cache/codeyear].
#
# Returns 2 where they cannot be installed.
# shellcheck shell=bash
tools() {
    local wanted environment bin
    wanted="$(dirname "${BASH_SOURCE[0]}")/requirements.txt"
    environment="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}/tools"
    if ! cmp --silent "$wanted" "$environment/requirements.txt"; then
        rm -rf "$environment"
        python3 -m venv "$environment" >&2 || return 2
        bin="$(scripts_of "$environment")"
        "$bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2 || return 2
        cp "$wanted" "$environment/requirements.txt"
    fi
    PATH="$(scripts_of "$environment"):$PATH"
    export PATH
}

# Prints the folder of the programs of a Python environment, which has another name on Windows.
scripts_of() {
    if [ -d "$1/Scripts" ]; then
        (cd "$1/Scripts" && pwd)
    else
        echo "$1/bin"
    fi
}
