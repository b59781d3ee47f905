#!/usr/bin/env bash
# install.sh [FOLDER]: installs what the peers need and builds those that are compiled, into FOLDER (default
# build/bench). What cannot be had is left out, and said; run.py then leaves it out too.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../build/bench}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

left_out() { printf 'LEFT OUT: %s: %s\n' "$1" "$2" >&2; }

install_npm() {
  command -v npm >/dev/null || { left_out "ws, socket.io, Bun" "no npm"; return; }
  (cd "$here" && npm ci --no-fund --no-audit) || left_out "ws, socket.io, Bun" "npm ci failed"
}

install_nchan() {
  [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ] && return
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  # In runlevel 1 the package does not start its own server.
  { $sudo apt-get update -q &&
    $sudo env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
      nginx-light libnginx-mod-nchan; } >"$folder/nchan-install.log" 2>&1 ||
    left_out nchan "apt-get failed, see $folder/nchan-install.log"
}

build_centrifuge() {
  command -v go >/dev/null || { left_out Centrifuge "no Go toolchain"; return; }
  local needed have
  needed=$(sed -n 's/^go //p' "$here/centrifuge/go.mod")
  have=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
  if [ "$(printf '%s\n%s\n' "$needed" "$have" | sort -V | head -n 1)" != "$needed" ]; then
    left_out Centrifuge "needs Go $needed, here is $have"
    return
  fi
  (cd "$here/centrifuge" && GOTOOLCHAIN=local go build -o "$folder/centrifuge" .) || left_out Centrifuge "go build failed"
}

build_uwebsockets() {
  if [ -z "${UWEBSOCKETS_SOURCE:-}" ]; then
    left_out uWebSockets "UWEBSOCKETS_SOURCE names no checkout of it (with uSockets inside)"
    return
  fi
  "$here/uwebsockets/build.sh" "$folder/uwebsockets" || left_out uWebSockets "it did not compile"
}

install_npm
install_nchan
build_centrifuge
build_uwebsockets
