#!/usr/bin/env bash
# build.sh OUTPUT: compiles the uWebSockets peer. UWEBSOCKETS_SOURCE names a checkout of uWebSockets that has uSockets
# inside, as its submodule puts it; nothing of either belongs to this repository.
set -euo pipefail

output=$1
source=${UWEBSOCKETS_SOURCE:?names a checkout of uWebSockets with uSockets inside}
here=$(cd "$(dirname "$0")" && pwd)
sockets=$source/uSockets/src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# As its own makefile builds it: link-time optimisation, without TLS and compression, which this peer does not use.
flags=(-O3 -flto=auto -DLIBUS_NO_SSL -DUWS_NO_ZLIB -I"$sockets" -I"$source/src")
objects=()
for file in "$sockets"/*.c "$sockets"/eventing/*.c; do
  object=$work/$(basename "$file").o
  cc -std=c11 -w "${flags[@]}" -c "$file" -o "$object"
  objects+=("$object")
done
c++ -std=c++20 -w "${flags[@]}" "$here/server.cpp" "${objects[@]}" -o "$output" -lpthread
# The report names it; a checkout without its history has no name.
git -C "$source" log -1 --format='%h of %cs' >"$output.version" 2>/dev/null || echo "a copy" >"$output.version"
