#!/usr/bin/env bash
# Builds the images that the cluster needs, and writes them as archives that it can be given: images.sh FOLDER
#   sluice.tar      the gateway, by deploy/build-image.sh, under the name that the chart has by default
#   sluice-next.tar the same with another tag and another label, for upgrades
#   nats.tar        Debian's NATS, under the name that the chart has by default
#   sluice          the gateway's program, which the tests use as a client
# Layers are kept in build/containers, apart from the images of whoever runs this.
set -euo pipefail
[[ $# == 1 ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
out="$(realpath "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
storage="$PWD/build/containers"
mkdir -p "$storage"
cat >"$storage/storage.conf" <<END
[storage]
driver = "${STORAGE_DRIVER:-overlay}"
graphroot = "$storage/graph"
runroot = "$storage/run"
END
export CONTAINERS_STORAGE_CONF="$storage/storage.conf"
image=localhost/sluice:under-test
base=localhost/sluice-base:bookworm

# archive IMAGE NAME FILE
archive() {
  rm -f "$3"
  buildah push --quiet "$1" "docker-archive:$3:$2"
}

version="$(sed -n 's/^project(sluice VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)"
nats="$(sed -n '/repository: nats/,/tag:/s/.*tag: "\(.*\)"/\1/p' deploy/helm/sluice/values.yaml)"
deploy/build-image.sh --with buildah "$image"
archive "$image" "docker.io/library/sluice:$version" "$out/sluice.tar"

container="$(buildah from --pull-never "$image")"
buildah config --label org.opencontainers.image.version=next "$container"
buildah commit --quiet --format docker "$container" localhost/sluice:next >/dev/null
archive localhost/sluice:next docker.io/library/sluice:next "$out/sluice-next.tar"
cp --remove-destination "$(buildah mount "$container")/usr/bin/sluice" "$out/sluice"
buildah rm "$container" >/dev/null

buildah bud --quiet --isolation chroot --pull-never --layers --build-arg "BASE=$base" --file tests/kubernetes/nats.Dockerfile \
  --tag localhost/nats:under-test tests/kubernetes >/dev/null
archive localhost/nats:under-test "docker.io/library/nats:$nats" "$out/nats.tar"
