#!/usr/bin/env bash
# Runs site.test.mjs: the pages of codeyear serve in a real headless Chromium, over the bundled sample, with axe on
# every page. Screenshots of each page, light, dark and as wide as a phone, go to target/screenshots.
# tools.sh says which browser is used, and where its packages are kept.
#
# Exit codes: 0 all tests pass, 1 some do not, 2 the tests could not be run.
set -euo pipefail
cd "$(dirname "$0")/../.."

not_run() {
    echo "NOT RUN: the pages in a browser: $*" >&2
    exit 2
}

source tests/browser/tools.sh
source tests/built.sh
"$target/debug/codeyear" demo --folder "$work/demo" >/dev/null
cp tests/browser/site.test.mjs tests/browser/start.mjs "$cache"
CODEYEAR="$target/debug/codeyear" CODEYEAR_DB="$work/demo/sample.db" BROWSER="$browser" WORK="$work" \
    SCREENSHOTS="$target/screenshots" node --test --test-concurrency=1 --test-reporter=spec "$cache/site.test.mjs"
