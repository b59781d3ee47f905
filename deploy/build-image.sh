#!/usr/bin/env bash
# Builds the container image with docker or buildah, whichever is there, and prints its name and size.
#   deploy/build-image.sh [--with docker|buildah] [NAME[:TAG]]     default: sluice:VERSION
# Where Debian's slim image cannot be pulled, buildah builds on one that mmdebstrap makes from Debian's archive. Both are
# kept as localhost/sluice-base:bookworm: remove that image to begin from a fresh one. With buildah a CCACHE_DIR of yours
# serves the build, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
base=docker.io/library/debian:bookworm-slim
own_base=localhost/sluice-base:bookworm

usage() { sed -n '2,3s/^# \{0,1\}//p' "$0" >&2; exit 2; }
say() { echo "build-image: $*" >&2; }

builder=''
if [[ ${1-} == --with ]]; then
  builder=${2-}
  shift 2 || usage
fi
[[ -z ${builder/docker/} || $builder == buildah ]] && (($# <= 1)) && [[ ${1-} != -* ]] || usage
if [[ -z $builder ]]; then
  # A client of docker is often there without the daemon that would build.
  if docker info >/dev/null 2>&1; then
    builder=docker
  elif command -v buildah >/dev/null; then
    builder=buildah
  else
    say "neither a docker daemon nor buildah is here; on Debian: apt-get install buildah mmdebstrap"
    exit 1
  fi
fi

version="$(sed -n 's/^project(sluice VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)"
image=${1:-sluice:$version}
arguments=(--build-arg "VERSION=$version" --file deploy/Dockerfile --tag "$image")
if revision="$(git rev-parse HEAD 2>/dev/null)"; then
  arguments+=(--build-arg "REVISION=$revision" --build-arg "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)")
fi

# As slim as the image that is pulled elsewhere: no documentation but what licences ask for, and folders merged from the
# start, as usrmerge would bring 50 MB of Perl.
make_base() {
  command -v mmdebstrap >/dev/null || { say "$base cannot be pulled, and there is no mmdebstrap to make one"; return 1; }
  local folder container
  folder="$(mktemp -d)"
  # shellcheck disable=SC2064  # the folder of this run
  trap "rm -rf '$folder'" RETURN
  say "making $own_base from Debian's archive"
  mmdebstrap --quiet --variant=minbase --include=usr-is-merged --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm "$folder/base.tar"
  container="$(buildah from scratch)"
  buildah add --quiet "$container" "$folder/base.tar" / >/dev/null
  buildah config --cmd /bin/bash "$container"
  buildah commit --quiet --rm "$container" "$own_base" >/dev/null
}

build_with_buildah() {
  if ! buildah inspect --type image "$own_base" >/dev/null 2>&1; then
    if buildah pull --quiet "$base" >/dev/null 2>&1; then buildah tag "$base" "$own_base"; else make_base; fi
  fi
  [[ -z ${CCACHE_DIR-} ]] || arguments+=(--volume "$CCACHE_DIR:/var/cache/ccache")
  # The format is docker's, as OCI's has no health check. This isolation works in containers and without privileges.
  buildah bud --isolation chroot --pull-never --layers --format docker --build-arg "BASE=$own_base" "${arguments[@]}" .
}

case $builder in
  docker)
    DOCKER_BUILDKIT=1 docker build "${arguments[@]}" . >&2
    size="$(docker image inspect --format '{{.Size}}' "$image")"
    ;;
  buildah)
    build_with_buildah >&2
    size="$(buildah images --json "$image" | sed -n 's/.*"size": "\(.*\)".*/\1/p')"
    ;;
esac
[[ ! $size =~ ^[0-9]+$ ]] || size="$((size / 1000000)) MB"
echo "$image  $size"
