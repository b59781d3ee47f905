#!/usr/bin/env bash
# Builds Sluice and starts it on loopback in relay mode: what one client sends, every client in its rooms gets.
# Arguments go to `sluice serve` as they are. Flags and SLUICE_* variables win over what is set here; with --config (or
# SLUICE_CONFIG) the file decides alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh build
cmake --preset release >/dev/null
cmake --build --preset release --target sluice

has_config=${SLUICE_CONFIG:+yes}
for argument in "$@"; do
  [[ $argument != --config && $argument != --config=* ]] || has_config=yes
done
if [[ -z $has_config ]]; then
  # To many clients localhost is ::1 before it is 127.0.0.1.
  loopback=127.0.0.1:8080
  ! grep -qs '^0\{31\}1 ' /proc/net/if_inet6 || loopback+=',[::1]:8080'
  export SLUICE_LISTEN="${SLUICE_LISTEN-$loopback}"
  export SLUICE_CLIENT_MESSAGES="${SLUICE_CLIENT_MESSAGES-relay}"
  export SLUICE_ALLOWED_ORIGINS="${SLUICE_ALLOWED_ORIGINS-*}"
fi
exec build/release/sluice serve "$@" 2> >(exec scripts/show_urls.sh)
