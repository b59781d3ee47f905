#!/usr/bin/env bash
# Tests what the chart makes, with the real Helm but without a cluster: tests/helm/run.sh BINARY [FILE...]. The program
# is asked whether it takes the options that the chart gives it.
set -euo pipefail
[[ -x ${1-} ]] || { echo "! chart tests: no program at '${1-}'"; exit 1; }
SLUICE_BINARY=$(realpath "$1")
export SLUICE_BINARY
shift
cd "$(dirname "${BASH_SOURCE[0]}")"
# Once, before several files ask for it at a time.
../../scripts/kube.sh helm version --short
(($# > 0)) || set -- *.test.mjs
exec node --test --test-reporter=spec "$@"
