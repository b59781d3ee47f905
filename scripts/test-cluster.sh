#!/usr/bin/env bash
# Tests several nodes as one in full: 3,000 clients of all wires and 500 messages a second for two minutes, over three nodes
# and three NATS servers that are killed, stopped and cut off meanwhile. The last line is "N passed, N failed".
#   scripts/test-cluster.sh           all of tests/cluster
#   scripts/test-cluster.sh chaos     some of it, by name: balancer chaos interest order outage refusals resume upgrade
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/stages.sh

names=("$@")
files=()
for name in "${names[@]:-*}"; do
  for file in "$PWD"/tests/cluster/$name.test.mjs; do
    [[ -f $file ]] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
    files+=("$file")
  done
done
export SLUICE_CHAOS_CLIENTS=3000 SLUICE_CHAOS_SECONDS=120

logs_folder=build/test-logs/cluster
rm -rf "$logs_folder" && mkdir -p "$logs_folder"
if stage exit 20 "install" scripts/install.sh build test && stage exit 25 "build" build release; then
  # One after the other: they measure their time.
  for file in "${files[@]}"; do stage node 15 "cluster: $(basename "$file" .test.mjs)" tests/integration/run.sh build/release/sluice "$file"; done
else
  cannot_run "cluster in full" "there is no program"
fi
finish
