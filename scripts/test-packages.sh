#!/usr/bin/env bash
# Tests what is shipped: Debian's package, in a fresh Debian 12 and under its systemd, the container image, built and run
# with everything taken away, and deploy/compose. The last line is "N passed, N failed".
#   scripts/test-packages.sh                 all of it
#   scripts/test-packages.sh PART...         some of: deb systemd image compose
# Needs root and Debian 12, and Debian's archive within reach; installs what it uses by apt: buildah, podman, runc,
# mmdebstrap, lintian, docker-compose. Compiles everything once more inside the image, which takes minutes; a CCACHE_DIR
# of yours helps.
# Not a part of scripts/test.sh, as few machines let a test mount, boot and run containers.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/stages.sh

all_parts=(deb systemd image compose)
parts=("${@:-${all_parts[@]}}")
for part in "${parts[@]}"; do
  [[ " ${all_parts[*]} " == *" $part "* ]] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
done
((EUID == 0)) || { echo "test-packages: only root can install a package into a fresh system; try sudo" >&2; exit 1; }

logs_folder=build/test-logs/packages
rm -rf "$logs_folder" && mkdir -p "$logs_folder"
if stage exit 20 "install" scripts/install.sh build package container; then
  for part in "${parts[@]}"; do
    stage unittest 40 "packages: $part" python3 -u "tests/packages/${part}_test.py" --verbose
  done
else
  for part in "${parts[@]}"; do cannot_run "packages: $part" "packages are missing"; done
fi
finish
