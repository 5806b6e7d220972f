#!/usr/bin/env bash
# Checks what is no Rust: spelling, licences and duplicates among the dependencies, workflows, shell scripts, what dist
# generated, and the book with its links. Nothing here asks the network but the installation of the tools.
#
# --advisories   asks the database of advisories on the dependencies, and nothing else; that needs a network
# Exit codes: 0 all is well, 1 something is not, 2 the tools cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/tools.sh
tools lint || {
    echo "NOT RUN: lints: their tools cannot be installed" >&2
    exit 2
}

say() { printf -- '-- %s\n' "$*"; }

if [ "${1:-}" = --advisories ]; then
    cargo-deny --all-features --config .config/deny.toml check advisories
    exit
fi

failed=()
# Runs a lint and goes on, so that one run shows all.
check() {
    local name="$1"
    shift
    say "$name"
    "$@" || failed+=("$name")
}

check "spelling" typos --config .config/typos.toml
check "licences, duplicates and sources of dependencies" \
    cargo-deny --offline --all-features --config .config/deny.toml --log-level error check licenses bans sources
check "workflows: syntax and types" actionlint -shellcheck=
check "workflows: security" zizmor --offline --no-progress --quiet --config .config/zizmor.yml .github
check "workflows: updates of dependencies" \
    check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
check "workflows: release.yml is what dist writes" dist generate --check
check "forms of issues" check-jsonschema --builtin-schema vendor.github-issue-forms \
    .github/ISSUE_TEMPLATE/{file-not-read,idea,wrong-answer}.yml
check "forms of issues: what stands beside them" \
    check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
# No name has a blank.
# shellcheck disable=SC2046
check "shell scripts" shellcheck --external-sources --severity=warning $(git ls-files '*.sh' .ci/run)
# The address of the repository is said in Cargo.toml; a move has to reach every other place.
addresses() {
    local repository elsewhere
    repository="$(sed -n 's/^repository = "\(.*\)"$/\1/p' Cargo.toml)"
    local path="${repository#https://github.com/}"
    local owner="${path%/*}" name="${path#*/}"
    elsewhere="$(git grep --line-number --extended-regexp 'github\.com/codeyear|ghcr\.io/codeyear|codeyear/(homebrew-)?tap|^site-url' |
        grep --invert-match --fixed-strings --regexp "$repository" --regexp "ghcr.io/$path" --regexp "$owner/tap" \
            --regexp "$owner/homebrew-tap" --regexp "site-url = \"/$name/\"" --regexp "scripts/lint.sh:" || true)"
    [ -z "$elsewhere" ] || {
        printf 'these do not have the address of Cargo.toml, %s:\n%s\n' "$repository" "$elsewhere" >&2
        return 1
    }
}
check "the address of the repository" addresses
# So is the version of Rust.
rust_version() {
    local version elsewhere
    version="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"
    elsewhere="$(git grep --line-number --extended-regexp '([Rr]ust:|Rust |toolchain install |rustup default )1\.[0-9]+' |
        grep --invert-match --extended-regexp "([Rr]ust:|Rust |toolchain install |rustup default )${version//./\\.}\b" || true)"
    [ -z "$elsewhere" ] || {
        printf 'these do not have the version of Cargo.toml, %s:\n%s\n' "$version" "$elsewhere" >&2
        return 1
    }
}
check "the version of Rust" rust_version
check "the book" mdbook build docs
# shellcheck disable=SC2046
check "links" lychee --offline --include-fragments --no-progress $(git ls-files '*.md')

if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
