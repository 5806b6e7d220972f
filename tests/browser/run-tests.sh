#!/usr/bin/env bash
# Runs site.test.mjs: the pages of codeyear serve in a real headless Chromium, over the bundled sample, with axe on
# every page. Screenshots of each page, light, dark and as wide as a phone, go to target/screenshots.
#
# CHROMIUM       the browser [default: chromium, which is installed from the system's packages if it is missing]
# CODEYEAR_CACHE where the packages of the test are kept [default: ~/.cache/codeyear]
# Exit codes: 0 all tests pass, 1 some do not, 2 the tests could not be run.
set -euo pipefail
cd "$(dirname "$0")/../.."

not_run() {
    echo "NOT RUN: the pages in a browser: $*" >&2
    exit 2
}

command -v node >/dev/null || not_run "Node is not installed"
browser="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
if [ -z "$browser" ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        (apt-get update && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core) >&2 ||
            not_run "Chromium cannot be installed"
    fi
    browser="$(command -v chromium)" || not_run "Chromium is not installed; name it with CHROMIUM"
fi

cache="${CODEYEAR_CACHE:-$HOME/.cache/codeyear}/browser"
mkdir -p "$cache"
if ! cmp --silent tests/browser/package.json "$cache/package.json" || [ ! -d "$cache/node_modules/axe-core" ]; then
    cp tests/browser/package.json "$cache/package.json.new"
    rm -rf "$cache/node_modules" "$cache/package.json"
    cp "$cache/package.json.new" "$cache/package.json"
    (cd "$cache" && npm install --silent --no-package-lock --no-audit --no-fund --ignore-scripts) >&2 || {
        rm -f "$cache/package.json"
        not_run "its packages cannot be installed"
    }
fi

source tests/built.sh
"$target/debug/codeyear" demo --folder "$work/demo" >/dev/null
cp tests/browser/site.test.mjs "$cache/site.test.mjs"
CODEYEAR="$target/debug/codeyear" CODEYEAR_DB="$work/demo/sample.db" BROWSER="$browser" WORK="$work" \
    SCREENSHOTS="$target/screenshots" node --test --test-concurrency=1 --test-reporter=spec "$cache/site.test.mjs"
