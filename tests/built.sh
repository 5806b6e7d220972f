# Builds codeyear for a test that is a script, which reads this file with `source`: `target` is the folder of the
# build, `work` a folder that is gone when the script ends. It is built as the tests of the program are, so that nothing is
# built twice.
# shellcheck shell=bash disable=SC2034
cargo test --quiet --locked --no-run --test program
target="$(cargo metadata --no-deps --format-version 1 --locked |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
