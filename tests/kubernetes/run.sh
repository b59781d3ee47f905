#!/usr/bin/env bash
# Starts the cluster, gives it the images, runs tests in its sandbox, and ends it: run.sh IMAGES [FILE...]. IMAGES is the
# folder that images.sh has filled.
set -euo pipefail
[[ -f ${1-}/sluice.tar && -x ${1-}/sluice ]] || { echo "! Kubernetes tests: no images in '${1-}'"; exit 1; }
images="$(realpath "$1")"
shift
cd "$(dirname "${BASH_SOURCE[0]}")"
(($# > 0)) || set -- *.test.mjs
for folder in . ../integration; do ../../scripts/npm_packages.sh "$folder"; done

trap './cluster.sh down' EXIT
./cluster.sh down
./cluster.sh up
./cluster.sh crds
for file in "$images"/*.tar; do ./cluster.sh load "$file"; done
ulimit -n "$(ulimit -Hn)"
# One file after the other: they share two cores with the cluster itself.
flags=(--test-reporter=spec)
[[ "$(node --help)" != *--test-concurrency* ]] || flags+=(--test-concurrency=1)
[[ "$(node --help)" != *--test-timeout* ]] || flags+=(--test-timeout=600000)
./cluster.sh exec env SLUICE_BINARY="$images/sluice" node --test "${flags[@]}" "$@"
