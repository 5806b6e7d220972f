#!/usr/bin/env bash
# Builds what a release publishes and tries it as its users get it, without publishing anything: the wheel in an empty
# Python environment, the archive unpacked into an empty folder, the shell installer from a server on this machine. Each
# has an empty home and no network, builds its database from the pack in it, and answers C7B and M54.5 in under 10
# seconds. Checked as well are the tag of the wheel, the sizes, the checksums, and that the version is that of the tag.
#
#   scripts/try-install.sh                  the wheel and the archive, as they are released
#   scripts/try-install.sh --quick          the wheel alone, as tests are built: not its size, its tag and its speed
#   scripts/try-install.sh --wheel          the wheel alone, as it is released
#   scripts/try-install.sh --archive        the archive and the shell installer alone
#   --pack FILE     the pack to build in; else it is made of the official files in CODEYEAR_RELEASES
#                   [default: ../shared/releases]
#   --out FOLDER    where the wheel is left [default: target/wheels]
#
# The tag is GITHUB_REF_NAME where that is one, else v and the version of Cargo.toml.
# Exit codes: 0 all is well, 1 something is not, 2 it could not be tried.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh

not_run() {
    echo "NOT RUN: the installation: $*" >&2
    exit 2
}
fail() {
    echo "failed: $*" >&2
    exit 1
}
say() { printf -- '-- %s\n' "$*"; }

parts=(wheel archive)
quick=
pack=
out=target/wheels
while [ $# -gt 0 ]; do
    case "$1" in
    --quick) quick=1 parts=(wheel) ;;
    --wheel) parts=(wheel) ;;
    --archive) parts=(archive) ;;
    --pack) pack="$2" && shift ;;
    --out) out="$2" && shift ;;
    *) echo "$1 is no option of this script" >&2 && exit 2 ;;
    esac
    shift
done

tools build || not_run "its tools cannot be installed"
work="$(mktemp -d)"
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

version="$(cargo metadata --no-deps --format-version 1 --locked |
    python3 -c 'import json, sys; print(next(p["version"] for p in json.load(sys.stdin)["packages"] if p["name"] == "codeyear"))')"
# Python writes the ends of lines of Windows there.
version="${version%$'\r'}"
tag="v$version"
[[ "${GITHUB_REF_TYPE:-}" = tag ]] && tag="$GITHUB_REF_NAME"
system="$(uname -s)"

if [ -z "$pack" ]; then
    releases="${CODEYEAR_RELEASES:-../shared/releases}"
    [ -d "$releases" ] || not_run "there are no official files in $releases, and no pack is named with --pack"
    say "a pack of the official files"
    pack=target/official.pack
    # A level that takes seconds; a released pack takes minutes and is a tenth smaller.
    level=(--level 3)
    if [ -z "$quick" ]; then level=(); fi
    cargo test --quiet --locked --no-run --test program
    target/debug/codeyear pack --output "$pack" ${level[@]+"${level[@]}"} --from "$releases" || fail "the pack"
fi
export CODEYEAR_EMBED_PACK="$pack"

# What a new user has: an empty home and no network, where the system can take that away.
offline=()
if [ "$system" = Linux ]; then
    offline=(unshare --user --map-root-user --net)
    if ! "${offline[@]}" true 2>/dev/null; then
        echo "NOT RUN without a network: this machine does not let unshare take it away" >&2
        offline=()
    fi
fi

# Asks a program that was just installed: its version, then both codes, the first of which builds the database.
ask() {
    local name="$1" home status answer begun took
    shift
    home="$(mktemp -d "$work/home.XXXX")"
    alone() { ${offline[@]+"${offline[@]}"} env -i PATH=/usr/bin:/bin SYSTEMROOT="${SYSTEMROOT:-}" HOME="$home" \
        XDG_DATA_HOME="$home/data" USERPROFILE="$home" APPDATA="$home/data" LOCALAPPDATA="$home/data" "$@"; }
    answer="$(alone "$@" --version)" || fail "$name --version"
    [ "${answer%$'\r'}" = "codeyear ${tag#v}" ] || fail "$name calls itself $answer, and the tag is $tag"
    begun="$(python3 -c 'import time; print(time.monotonic())')"
    # Both are headers: exit code 1.
    for code in C7B M54.5; do
        status=0
        answer="$(alone "$@" check "$code" --on 2026-11-28 2>"$home/said")" || status=$?
        [ "$status" -eq 1 ] || fail "$name answers $code with exit code $status: $answer $(cat "$home/said")"
        for part in "$code  on 2026-11-28  header" "source: FY2027, "; do
            grep --quiet --fixed-strings "$part" <<<"$answer" || fail "$name answers $code without \"$part\": $answer"
        done
    done
    took="$(python3 -c "import time; print(f'{time.monotonic() - $begun:.1f}')")"
    echo "$name: codeyear ${tag#v}; C7B and M54.5 after $took s"
    # Only what is released is as fast as it is released; and machines of others, which have more to do, say nothing of it.
    [ -n "$quick" ] || [ -n "${GITHUB_ACTIONS:-}" ] || python3 -c "import sys; sys.exit($took >= 10)" || fail "$name took $took s until both answers"
}

# Checks that a file has less than 40 MB, in millions of bytes.
small() {
    local bytes
    bytes="$(wc -c <"$1")"
    printf '%s: %d.%d MB\n' "$(basename "$1")" $((bytes / 1000000)) $((bytes % 1000000 / 100000))
    [ "$bytes" -lt 40000000 ] || fail "$1 has more than 40 MB"
}

try_wheel() {
    local built=(--locked --out "$work/wheels") wheel
    if [ -n "$quick" ]; then
        built+=(--profile dev --compatibility linux)
    else
        built+=(--profile dist)
        # zig links to symbols of an old GNU C library, and brings them.
        if [ "$system" = Linux ]; then
            built+=(--zig --target "$(uname -m)-unknown-linux-gnu" --compatibility manylinux_2_28)
        fi
    fi
    say "the wheel"
    maturin build --quiet "${built[@]}"
    wheel="$(echo "$work"/wheels/*.whl)"
    [[ "$(basename "$wheel")" == "codeyear-${tag#v}-"* ]] || fail "$(basename "$wheel") is not of $tag"
    if [ -z "$quick" ]; then
        small "$wheel"
        if [ "$system" = Linux ]; then check_tag "$wheel"; fi
    fi
    python3 -m venv "$work/empty"
    local bin
    bin="$(scripts_of "$work/empty")"
    "$bin/python" -m pip install --quiet --disable-pip-version-check --no-index "$wheel"
    ask "wheel" "$bin/codeyear"
    ask "wheel, python -m codeyear" "$bin/python" -m codeyear
    mkdir -p "$out"
    cp "$wheel" "$out/"
}

# Checks the tag of a wheel against what it needs: no symbol of the GNU C library is newer than the tag says.
check_tag() {
    python3 - "$1" <<'PYTHON'
import re, sys, zipfile

name = sys.argv[1]
tags = re.findall(r"manylinux_(\d+)_(\d+)", name.rsplit("/", 1)[-1])
newest_allowed = max((int(major), int(minor)) for major, minor in tags) if tags else None
if newest_allowed is None or newest_allowed > (2, 28):
    sys.exit(f"failed: the tag of {name} is not manylinux_2_28 or older")
needed = {(2, 0)}
with zipfile.ZipFile(name) as wheel:
    for member in wheel.namelist():
        if member.endswith(".so"):
            needed |= {tuple(map(int, found)) for found in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", wheel.read(member))}
if max(needed) > newest_allowed:
    sys.exit(f"failed: {name} needs GLIBC_{max(needed)}, and its tag says {newest_allowed}")
print(f"tag manylinux_{newest_allowed[0]}_{newest_allowed[1]}; newest symbol GLIBC_{max(needed)[0]}.{max(needed)[1]}")
PYTHON
}

try_archive() {
    local target archive
    target="$(rustc -vV | sed -n 's/^host: //p')"
    say "the archive"
    dist build --tag="$tag" --target "$target" --artifacts=local --output-format=json >"$work/dist.json"
    dist build --tag="$tag" --target "$target" --artifacts=global --output-format=json >"$work/global.json"
    archive="target/distrib/codeyear-$target.tar.xz"
    small "$archive"
    (cd target/distrib && sha256sum --check "codeyear-$target.tar.xz.sha256")
    mkdir "$work/unpacked"
    tar --extract --file "$archive" --directory "$work/unpacked"
    ask "archive" "$work/unpacked/codeyear-$target/codeyear"

    say "the shell installer, from a server on this machine"
    sh -n target/distrib/codeyear-installer.sh
    python3 -u -m http.server --directory target/distrib --bind 127.0.0.1 0 >"$work/server" 2>&1 &
    server=$!
    until grep --quiet "port" "$work/server"; do
        kill -0 "$server" || fail "the server of this script"
        sleep 0.1
    done
    local port
    port="$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$work/server")"
    mkdir "$work/installed"
    env -i PATH=/usr/bin:/bin HOME="$work/installed" CODEYEAR_DOWNLOAD_URL="http://127.0.0.1:$port" \
        sh target/distrib/codeyear-installer.sh
    ask "installer" "$work/installed/.local/bin/codeyear"
}

for part in "${parts[@]}"; do
    "try_$part"
done
if [ -n "$quick" ]; then
    echo "NOT RUN: size, tag and speed of the wheel, and the archives: scripts/try-install.sh builds them as they are released"
fi
