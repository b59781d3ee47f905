#!/usr/bin/env bash
# Runs the integration tests against a program: tests/integration/run.sh BINARY [FILE...]. The summary's lines "pass N"
# and "fail N" are what scripts/stages.sh counts.
set -euo pipefail
[[ -x ${1-} ]] || { echo "! integration tests: no program at '${1-}'"; exit 1; }
binary=$(realpath "$1")
shift
cd "$(dirname "${BASH_SOURCE[0]}")"

# The full limit on files: some tests hold thousands of connections.
ulimit -n "$(ulimit -Hn)"

../../scripts/npm_packages.sh .

(($# > 0)) || set -- *.test.mjs
export SLUICE_BINARY=$binary
# Two files at a time: the machine that this is measured on has two cores. Node 18 has no flag for it but runs as many
# files as there are cores less one; newer ones are told.
flags=()
[[ "$(node --help)" != *--test-concurrency* ]] || flags=(--test-concurrency=2)
# A test that hangs fails after five minutes, longer than any needs, and does not take the run with it.
[[ "$(node --help)" != *--test-timeout* ]] || flags+=(--test-timeout=300000)
exec node --test --test-reporter=spec "${flags[@]}" "$@"
