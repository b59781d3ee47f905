#!/usr/bin/env bash
# Builds Debian's package of Sluice, and prints where it is: build/release/packages/sluice_VERSION_ARCHITECTURE.deb. Its
# dependencies are the versions that this system builds with, so it is for systems of this kind: Debian 12.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/install.sh build package >&2
# Times in the package are those of the source, so that the same source makes the same package.
if [[ -z ${SOURCE_DATE_EPOCH-} ]] && git rev-parse HEAD >/dev/null 2>&1; then
  SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
  export SOURCE_DATE_EPOCH
fi
cmake --preset release >/dev/null
cmake --build --preset release --target sluice package_files >&2
rm -f build/release/packages/*.deb
# Folders in a package may be read by all, whatever the umask of whoever builds it.
(umask 022 && cpack --config build/release/CPackConfig.cmake >&2)
ls build/release/packages/*.deb
