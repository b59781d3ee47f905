#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy says which checks, all of them errors) over the files given, or over the whole product:
# tests and benchmarks, which are as many files again, are checked when they are given. Needs `cmake --preset release`,
# and a build for what is generated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
database=build/release/compile_commands.json
[[ -e $database ]] || { echo "tidy: no $database; run cmake --preset release" >&2; exit 1; }

if (($# > 0)); then
  units=("$@")
else
  mapfile -t units < <(scripts/sources.sh --units | while read -r file; do
    [[ $file != tests/* && $file != bench/* ]] || continue
    ! grep -qF "\"file\": \"$PWD/$file\"" "$database" || echo "$file"
  done)
fi
echo "tidy: ${#units[@]} files"
# GCC's own warning options are unknown to clang; the suppressed-warnings count is noise.
printf '%s\n' "${units[@]}" | xargs -r -P "$(nproc)" -n 1 \
  clang-tidy-14 -p build/release --quiet --extra-arg=-Wno-unknown-warning-option 2> >(grep -v 'warnings\? generated' >&2)
