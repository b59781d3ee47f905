#!/usr/bin/env bash
# Formats our C++ files; with --check only says which are not formatted, and fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=(-i)
[[ ${1-} != --check ]] || mode=(--dry-run --Werror)
scripts/sources.sh | xargs -r -P "$(nproc)" -n 20 clang-format-14 --style=file "${mode[@]}"
