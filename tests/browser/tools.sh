# Finds a browser and installs the packages of package.json, for a script that reads this file with `source` from the
# top of the repository, after it has defined `not_run`: `browser` is the program, `cache` the folder with node_modules.
#
# CHROMIUM       the browser [default: chromium, which is installed from the system's packages if it is missing]
# CODEYEAR_CACHE where the packages are kept [default: ~/.cache/codeyear]
# shellcheck shell=bash disable=SC2034
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
