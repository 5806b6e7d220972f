# Puts tools on the path of a script, which reads this file with `source`: `tools build` those of
# build-requirements.txt, which run on every system that is released for, `tools lint` those of requirements.txt too.
# They are in an environment of their own that is made once and kept in CODEYEAR_CACHE [default: ~/.cache/codeyear].
#
# Returns 2 where they cannot be installed.
# shellcheck shell=bash
tools() {
    local folder wanted environment bin
    folder="$(dirname "${BASH_SOURCE[0]}")"
    wanted="$folder/build-requirements.txt"
    [ "$1" = build ] || wanted="$folder/requirements.txt"
    environment="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}/tools-$1"
    # One file includes the other.
    if ! cat "$folder"/*requirements.txt | cmp --silent - "$environment/requirements.txt"; then
        rm -rf "$environment"
        python3 -m venv "$environment" >&2 || return 2
        bin="$(scripts_of "$environment")"
        "$bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" >&2 || return 2
        cat "$folder"/*requirements.txt >"$environment/requirements.txt"
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
