#!/usr/bin/env bash
# Downloads the pack that a release builds in, and checks it: packaging/pack.txt has its tag and its SHA-256.
#
# It is no product of a workflow: some official files have no address with a known hash, and some are derived from
# others. A maintainer makes it from the files themselves and uploads it under a tag of its own (docs/releasing.md).
#
#   scripts/get-pack.sh FILE     where it is put; needs gh, and GH_TOKEN or a login
set -euo pipefail
cd "$(dirname "$0")/.."

file="$1"
read -r tag hash <packaging/pack.txt
mkdir -p "$(dirname "$file")"
gh release download "$tag" --pattern codeyear.pack --output "$file" --clobber
python3 - "$file" "$hash" <<'PYTHON'
import hashlib, sys

with open(sys.argv[1], "rb") as file:
    found = hashlib.sha256(file.read()).hexdigest()
if found != sys.argv[2]:
    sys.exit(f"{sys.argv[1]} has the SHA-256 {found}, and packaging/pack.txt says {sys.argv[2]}")
PYTHON
