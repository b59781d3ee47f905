#!/usr/bin/env bash
# Installs the npm packages that a folder's lock file names, unless they are there: scripts/npm_packages.sh FOLDER
set -euo pipefail
[[ -f ${1-}/package-lock.json ]] || { echo "usage: scripts/npm_packages.sh FOLDER (one with a package-lock.json)" >&2; exit 2; }
cd "$1"
lock=$(sha256sum package-lock.json | cut -d' ' -f1)
[[ "$(cat node_modules/.lock-hash 2>/dev/null)" != "$lock" ]] || exit 0
for attempt in 1 2 3; do
  npm ci --ignore-scripts --no-audit --no-fund >&2 && break
  ((attempt < 3)) || { echo "! npm ci failed in $PWD" >&2; exit 1; }
done
echo "$lock" >node_modules/.lock-hash
