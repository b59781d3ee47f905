#!/usr/bin/env bash
# Writes the documents that the program makes from its declarations; with --check only says which are out of date, and
# fails. The program is build/release/sluice, or the one that SLUICE_BINARY names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sluice=${SLUICE_BINARY:-build/release/sluice}
[[ -x $sluice ]] || { echo "generated_docs: no $sluice; build it first" >&2; exit 1; }
[[ ${1-} == '' || ${1-} == --check ]] || { sed -n '2,3s/^# \{0,1\}//p' "$0" >&2; exit 2; }

fresh="$(mktemp)"
trap 'rm -f "$fresh"' EXIT
status=0

# document FILE ARGUMENT...: FILE is what `sluice ARGUMENT...` prints.
document() {
  local file=$1
  shift
  # No variable of whoever runs this may find its way into a document.
  env --ignore-environment "$sluice" "$@" >"$fresh"
  if [[ $mode == write ]]; then
    cat "$fresh" >"$file"
  elif ! diff -u --label "$file" --label "sluice $*" "$file" "$fresh"; then
    echo "generated_docs: $file is out of date; run scripts/generated_docs.sh" >&2
    status=1
  fi
}

mode=write
[[ ${1-} != --check ]] || mode=check
document docs/options.md options --markdown
document docs/sluice.sample.toml options --sample
document docs/metrics.md metrics
exit "$status"
