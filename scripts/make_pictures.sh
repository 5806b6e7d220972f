#!/usr/bin/env bash
# Makes the pictures of docs/pictures from the running pages in a headless Chromium: the page of a code in light and
# dark, a change report, and the result of an audit. They show the full history if the official files are there, else
# the bundled sample.
#
#   scripts/make_pictures.sh [--check]
#
# --check           makes them in a temporary folder, and fails if one has another size in pixels than the one in
#                   docs/pictures, or shows other words than docs/pictures/shown.txt has (of the full history)
# CODEYEAR_RELEASES the folder with the official releases [default: ../shared/releases]
# tests/browser/tools.sh says which browser is used, and where its packages are kept.
# Exit codes: 0 made, or of the same sizes; 1 not; 2 no picture could be made.
set -euo pipefail
cd "$(dirname "$0")/.."

not_run() {
    echo "NOT RUN: the pictures of the pages: $*" >&2
    exit 2
}

check=""
case "${1:-}" in
    "") ;;
    --check) check=1 ;;
    *)
        echo "usage: scripts/make_pictures.sh [--check]" >&2
        exit 2
        ;;
esac

source tests/browser/tools.sh
source tests/built.sh
releases="${CODEYEAR_RELEASES:-$PWD/../shared/releases}"
export CODEYEAR_DB="$work/codeyear.db"
if [ -d "$releases" ]; then
    "$target/debug/codeyear" import "$releases/icd10cm" >/dev/null
else
    echo "the official releases are not there: the pictures show the bundled sample" >&2
    "$target/debug/codeyear" demo --folder "$work/demo" >/dev/null
    mv "$work/demo/sample.db" "$CODEYEAR_DB"
fi

pictures=docs/pictures
[ -z "$check" ] || pictures="$work/pictures"
mkdir -p "$pictures"
cp scripts/make_pictures.mjs tests/browser/start.mjs "$cache"
CODEYEAR="$target/debug/codeyear" BROWSER="$browser" WORK="$work" PICTURES="$pictures" \
    CLAIMS=tests/fixtures/documents/claims.csv node "$cache/make_pictures.mjs"

# The size of a PNG is in its first chunk.
sizes() {
    python3 - "$1" <<'PYTHON'
import pathlib, struct, sys
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.png")):
    print(path.name, *struct.unpack(">II", path.read_bytes()[16:24]))
PYTHON
}
if [ -n "$check" ]; then
    status=0
    diff <(sizes docs/pictures) <(sizes "$pictures") || status=1
    if [ -d "$releases" ]; then
        diff docs/pictures/shown.txt "$pictures/shown.txt" || status=1
    else
        echo "NOT RUN: what the pictures show: they are of the full history" >&2
    fi
    [ "$status" -eq 0 ] || echo "docs/pictures has other pictures: run scripts/make_pictures.sh" >&2
    exit "$status"
fi
