#!/usr/bin/env bash
# Prints our C++ files, one a line, those not yet committed too; with --units only what is compiled on its own.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
patterns=('*.cpp')
[[ ${1-} == --units ]] || patterns+=('*.hpp')
git ls-files --cached --others --exclude-standard -- "${patterns[@]}" | while read -r file; do
  [[ ! -e $file ]] || echo "$file"  # deleted, but not yet committed
done
