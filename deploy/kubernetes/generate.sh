#!/usr/bin/env bash
# Makes what is made from something else: the chart's copy of the rules of Prometheus, and the plain manifests of this
# folder from the chart.
#   deploy/kubernetes/generate.sh            writes them
#   deploy/kubernetes/generate.sh --check    says which of them are out of date
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
check=false
case "$*" in
  '') ;;
  --check) check=true ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
chart=deploy/helm/sluice
stale=0

# put FILE COMMAND...: what the command prints, into the file or to be compared with it.
put() {
  local file=$1 made
  shift
  made="$(mktemp)"
  "$@" >"$made"
  if ! $check; then
    cat "$made" >"$file"
  elif ! diff -u "$file" "$made"; then
    echo "generate: $file is out of date" >&2
    stale=1
  fi
  rm -f "$made"
}

# render VALUES [FLAG...]: Helm's own marks are taken away, as nobody finds a release by them.
render() {
  local values=$1
  shift
  echo "# Made from $chart by deploy/kubernetes/generate.sh; do not edit. README.md beside it tells how it is used."
  scripts/kube.sh helm template sluice "$chart" --values "deploy/kubernetes/values/$values.yaml" --skip-tests "$@" |
    sed -e '/^# Source: /d' -e '/helm\.sh\/chart: /d' -e '/app\.kubernetes\.io\/managed-by: /d'
}

put "$chart/files/sluice.rules.yaml" cat deploy/prometheus/sluice.rules.yaml
put deploy/kubernetes/one-node.yaml render one-node
put deploy/kubernetes/cluster.yaml render cluster
put deploy/kubernetes/monitoring.yaml render monitoring --show-only templates/servicemonitor.yaml \
  --show-only templates/prometheusrule.yaml
exit "$stale"
