#!/usr/bin/env bash
# Tests the Helm chart and the plain manifests on a real Kubernetes 1.32, which runs beside everything else in namespaces of
# its own. The last line is "N passed, N failed".
#   scripts/test-kubernetes.sh             all of it
#   scripts/test-kubernetes.sh FILE...     some of its files, such as nats.test.mjs
# Needs: root on Debian 12; Go 1.24 or later, which builds Kubernetes once (some minutes; kept in CLUSTER_BIN, by default
# sluice-cluster in the user's cache); Go's module proxy, npm's registry and Debian's archive within reach; 2 GB of memory.
# Installs by apt what else it uses, and builds the image as deploy/build-image.sh does: a CCACHE_DIR of yours helps.
# Not a part of scripts/test.sh, as few machines let a test start containers.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/stages.sh

missing=()
((EUID == 0)) || missing+=("root (try sudo): only root may start a kubelet and its containers")
if ! command -v go >/dev/null; then
  missing+=("Go 1.24 or later, from https://go.dev/dl: Debian 12 has an older one, and no Kubernetes")
elif [[ "$(go env GOVERSION)" =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] < 24)); then
  missing+=("Go 1.24 or later: $(command -v go) is $(go env GOVERSION)")
fi
command -v apt-get >/dev/null || missing+=("Debian 12, or a system like it, for containerd and its friends")
if ((${#missing[@]})); then
  echo "test-kubernetes: this machine lacks:" >&2
  printf '  - %s\n' "${missing[@]}" >&2
  exit 1
fi

images=build/kubernetes
logs_folder=build/test-logs/kubernetes
rm -rf "$logs_folder" && mkdir -p "$logs_folder"
files=()
for file in "$@"; do files+=("$(basename "$file")"); done
if stage exit 20 "install" scripts/install.sh test package container cluster &&
  stage exit 30 "cluster's programs" tests/kubernetes/cluster.sh build &&
  stage exit 40 "images" tests/kubernetes/images.sh "$images"; then
  stage node 40 "tests on kubernetes" tests/kubernetes/run.sh "$images" "${files[@]}"
else
  cannot_run "tests on kubernetes" "what they need is not there"
fi
finish
