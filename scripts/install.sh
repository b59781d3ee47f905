#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing for: build (scripts/run.sh), build test (scripts/test.sh),
# build package (scripts/package.sh), package container (scripts/test-packages.sh), or with cluster, too
# (scripts/test-kubernetes.sh).
# Needs root or sudo only if something is missing. Written for a bare system: bash, coreutils, dpkg and apt.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build pkg-config ccache mold
  libboost1.81-dev libboost-json1.81-dev
  libgrpc++-dev protobuf-compiler-grpc protobuf-compiler libprotobuf-dev prometheus-cpp-dev
  libspdlog-dev libtomlplusplus-dev libssl-dev zlib1g-dev libcurl4-openssl-dev
  libgtest-dev libgmock-dev
)
test_packages=(
  python3 python3-grpcio python3-protobuf curl ca-certificates procps openssl
  prometheus chromium nginx haproxy netcat-openbsd nats-server faketime
  clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev
)
package_packages=(dpkg-dev file)
container_packages=(
  buildah podman netavark aardvark-dns runc uidmap mmdebstrap docker-compose
  lintian systemd python3 python3-venv ca-certificates
)
cluster_packages=(
  containerd runc containernetworking-plugins iptables conntrack iproute2 procps util-linux gcc libc6-dev openssl
)

is_installed() { [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }

# Any node of 18 or later does, wherever it came from; Debian's own is 18.
has_node() {
  command -v node >/dev/null && command -v npm >/dev/null || return 1
  local version
  version="$(node --version)" && version="${version#v}" && (("${version%%.*}" >= 18))
}

missing_packages() {
  local group package
  for group in "$@"; do
    local -n packages="${group}_packages"
    for package in "${packages[@]}"; do is_installed "$package" || echo "$package"; done
    if [[ $group == test ]] && ! has_node; then printf '%s\n' nodejs npm; fi
  done
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "install: neither root nor sudo; ask an administrator to install: ${missing[*]}" >&2
    return 1
  fi
}

apt() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@"
}

with_retries() {
  local attempt
  for attempt in 1 2 3; do
    "$@" && return 0
    echo "install: attempt $attempt of 3 failed: $*" >&2
    ((attempt == 3)) || sleep $((attempt * 5))
  done
  return 1
}

for group in "$@"; do
  [[ " build test package container cluster " == *" $group "* ]] || {
    echo "usage: scripts/install.sh GROUP... (build, test, package, container, cluster)" >&2
    exit 2
  }
done
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || {
  echo "install: this is not Debian; install what scripts/install.sh names by hand" >&2
  exit 1
}
mapfile -t missing < <(missing_packages "$@")
((${#missing[@]})) || exit 0
echo "install: ${missing[*]}"
with_retries apt update
with_retries apt install --no-install-recommends "${missing[@]}"
