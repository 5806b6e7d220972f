#!/usr/bin/env bash
# Builds the image of packaging/Containerfile where a container engine runs, and asks the server in it.
#
# --pack FILE   a pack to build in; without it the image holds none, and is asked on the bundled sample
# --tag NAME    the name of the image [default: codeyear]
# Exit codes: 0 all is well, 1 something is not, 2 no container engine runs here.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "failed: $*" >&2
    exit 1
}

pack=
tag=codeyear
while [ $# -gt 0 ]; do
    case "$1" in
    --pack) pack="$2" && shift ;;
    --tag) tag="$2" && shift ;;
    *) echo "$1 is no option of this script" >&2 && exit 2 ;;
    esac
    shift
done

engine=
for name in docker podman; do
    if command -v "$name" >/dev/null && "$name" info >/dev/null 2>&1; then
        engine="$name"
        break
    fi
done
if [ -z "$engine" ]; then
    echo "NOT RUN: the container: neither docker nor podman runs on this machine" >&2
    exit 2
fi

"$engine" build --tag "$tag" --file packaging/Containerfile --build-arg "PACK=$pack" . || fail "the image is not built"
volume="codeyear-try-$$"
container=
clear() {
    [ -z "$container" ] || "$engine" rm --force "$container" >/dev/null
    "$engine" volume rm --force "$volume" >/dev/null || true
}
trap clear EXIT
named=()
if [ -z "$pack" ]; then
    # The bundled sample stands for a database of one's own.
    "$engine" run --rm --volume "$volume:/data" "$tag" demo --folder /data >/dev/null || fail "the demo"
    named=(--env CODEYEAR_DB=/data/sample.db)
fi
container="$("$engine" run --detach --cap-drop all --publish 127.0.0.1:8470:8470 --volume "$volume:/data" \
    ${named[@]+"${named[@]}"} "$tag")" || fail "the server"
for _ in $(seq 60); do
    curl --fail --silent http://127.0.0.1:8470/healthz >/dev/null && break
    sleep 1
done
curl --fail --silent --show-error "http://127.0.0.1:8470/api/check?code=C7B&on=2026-03-01" |
    grep --quiet '"verdict": *"header"' || fail "the answer for C7B"
echo "the container answers"
