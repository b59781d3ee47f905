#!/usr/bin/env bash
# Runs the official test suites of the Engine.IO and Socket.IO protocols against the gateway, with 1 and with 4 workers.
#   tests/conformance/socket_io.sh ENGINE_IO_CHECKOUT SOCKET_IO_CHECKOUT [BINARY [RUNS]]
# The checkouts are those of github.com/socketio/engine.io-protocol and socket.io-protocol; their npm packages are installed
# with ws pinned to 8.16.0, as newer ones refuse what the suites send. Each suite runs RUNS times (10). Fails if a check does.
set -euo pipefail
usage='usage: tests/conformance/socket_io.sh ENGINE_IO_CHECKOUT SOCKET_IO_CHECKOUT [BINARY [RUNS]]'
engine_io=$(realpath "${1:?$usage}") socket_io=$(realpath "${2:?$usage}")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
binary=$(realpath "${3:-build/release/sluice}") runs=${4:-10}
[[ -d tests/integration/node_modules ]] || { echo "socket_io: run tests/integration/run.sh once, for its packages" >&2; exit 1; }

work=$(mktemp -d)
gateway='' backend=''
stop() {
  for process in $backend $gateway; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true; done
  gateway='' backend=''
}
clean_up() {
  stop
  rm -rf "$work"
}
trap clean_up EXIT

await() {  # await FILE PATTERN PROCESS
  for _ in $(seq 200); do
    grep -q -- "$2" "$1" && return
    kill -0 "$3" 2>/dev/null || break
    sleep 0.05
  done
  cat "$1" >&2
  exit 1
}

# The suites have their server's address as a constant.
prepare() {  # prepare CHECKOUT NAME
  cp -r "$1/test-suite" "$work/$2"
  sed -i 's#^const URL = .*#const URL = process.env.SUITE_URL;#; s#^const WS_URL = .*#const WS_URL = URL.replace("http", "ws");#' \
    "$work/$2/test-suite.js"
  (cd "$work/$2" && { [[ -d node_modules ]] || npm install --no-audit --no-fund --ignore-scripts --save-exact ws@8.16.0 >/dev/null; })
}

start() {  # start WORKERS OPTIONS...
  : >"$work/log"
  "$binary" serve --listen 127.0.0.1:0 --grpc 127.0.0.1:0 --admin 127.0.0.1:0 --drain-seconds 0 --workers "$@" \
    --engine-ping-interval-ms 300 --engine-ping-timeout-ms 200 2>"$work/log" &
  gateway=$!
  await "$work/log" ' ready$' "$gateway"
}
address() { sed -n "s/.* listening what=$1 address=//p" "$work/log"; }

failed=0
run() {  # run NAME WORKERS
  local count
  for count in $(seq "$runs"); do
    if (cd "$work/$1" && SUITE_URL="http://$(address clients)" npx --no-install mocha test-suite.js >"$work/out" 2>&1); then
      echo "$1, $2 workers, run $count: $(grep -o '[0-9]* passing' "$work/out")"
    else
      cat "$work/out"
      echo "$1, $2 workers, run $count: FAILED"
      failed=1
    fi
  done
}

prepare "$engine_io" engine.io
prepare "$socket_io" socket.io
for workers in 1 4; do
  start "$workers" --client-messages echo
  run engine.io "$workers"
  stop
  start "$workers" --client-messages backend --namespace /custom --socket-io-connect-timeout-ms 1000 --recovery-sockets-max 0
  node tests/conformance/socket_io_backend.mjs "$(address grpc)" >"$work/backend" &
  backend=$!
  await "$work/backend" attached "$backend"
  run socket.io "$workers"
  stop
done
exit "$failed"
