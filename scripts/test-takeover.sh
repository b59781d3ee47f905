#!/usr/bin/env bash
# One process after the other takes over at the same addresses (--takeover) while clients connect, 2,000 a second unless
# SLUICE_TAKEOVER_CONNECTS says another number: none may be refused or reset.
#   scripts/test-takeover.sh [PROGRAM]        default: build/release/sluice
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(realpath "${1:-build/release/sluice}")
export SLUICE_TAKEOVER_CONNECTS=${SLUICE_TAKEOVER_CONNECTS:-2000} SLUICE_TAKEOVER_ROUNDS=${SLUICE_TAKEOVER_ROUNDS:-5}
exec tests/integration/run.sh "$program" takeover.test.mjs
