#!/usr/bin/env bash
# A real Kubernetes 1.32 of one node for the tests, in network, mount and process namespaces of its own: nothing of it is
# reachable from outside, and ending its first process ends everything. Needs root, Go 1.24 or later, about 1 GB of memory.
#   cluster.sh build            builds its programs once: some minutes, or seconds when Go's cache is warm
#   cluster.sh up               starts it, in about 5 seconds
#   cluster.sh crds             gives it the Prometheus operator's, KEDA's and the Gateway API's kinds
#   cluster.sh load FILE        gives the node an image, as an archive of docker's or OCI's
#   cluster.sh exec COMMAND...  runs a command inside: kubectl and helm are there, pods and Services have reachable addresses
#   cluster.sh down             ends it and removes what it left
# Its state is in $CLUSTER_DIR, its programs in $CLUSTER_BIN.
set -euo pipefail
self="$(readlink -f "${BASH_SOURCE[0]}")"
here="$(dirname "$self")"
dir=${CLUSTER_DIR:-${TMPDIR:-/tmp}/sluice-cluster}
bin=${CLUSTER_BIN:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice-cluster}
version=1.32.0 etcd=v3.5.21 coredns=v1.12.0
keda=v2.16.1 gateway_api=v1.2.1 prometheus_operator=v0.85.0
address=10.89.0.1
pods=10.88.0.0/16 services=10.96.0.0/16

die() { echo "cluster: $*" >&2; exit 1; }

is_up() { [[ -e $dir/init.pid && -d /proc/$(cat "$dir/init.pid") ]]; }

inside() {
  is_up || die "it is not up"
  nsenter --target "$(cat "$dir/init.pid")" --net --mount --pid \
    env --chdir="$PWD" PATH="$dir/tools:$bin:$PATH" KUBECONFIG="$dir/kubeconfig" "$@"
}

# until_true TENTHS COMMAND...: asks again ten times a second; fails after that many tenths.
until_true() {
  local tenths=$1
  shift
  until "$@" >/dev/null 2>&1; do
    ((tenths-- > 0)) || return 1
    sleep 0.1
  done
}

build() {
  command -v go >/dev/null || die "Go 1.24 or later is not installed"
  mkdir -p "$bin"
  [[ -x $bin/coredns ]] || GOBIN=$bin go install "github.com/coredns/coredns@$coredns"
  [[ -x $bin/etcd ]] || build_etcd
  [[ -x $bin/kube-proxy ]] || build_kubernetes
}

build_etcd() {
  local source
  source="$(mktemp -d)"
  (
    cd "$source"
    printf 'module etcd\ngo 1.24\n' >go.mod
    go get "go.etcd.io/etcd/server/v3@$etcd"
    go build -o "$bin/etcd" go.etcd.io/etcd/server/v3
  )
  rm -rf "$source"
}

# The module's own replacements point into a folder that its archive lacks; the same packages are published one by one.
build_kubernetes() {
  local source flags program
  source="$(mktemp -d)"
  cp -r "$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/." "$source"
  chmod -R u+w "$source"
  flags="-s -w -X k8s.io/component-base/version.gitVersion=v$version"
  flags+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=32"
  (
    cd "$source"
    rm -rf go.work go.work.sum vendor
    sed -i -E "s#(k8s.io/[a-z0-9-]+) => ./staging/src/.*#\1 => \1 v0.${version#1.}#" go.mod
    # kube-proxy last: it tells that all are there.
    for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
      echo "building $program"
      go build -mod=mod -ldflags "$flags" -o "$bin/$program" "./cmd/$program"
    done
  )
  rm -rf "$source"
}

up() {
  [[ -x $bin/kube-proxy ]] || die "its programs are not built: tests/kubernetes/cluster.sh build"
  ! is_up || die "it is up already, in $dir; 'cluster.sh down' ends it"
  rm -rf "$dir"
  mkdir -p "$dir/tools"
  "$here/settings.sh" "$dir" "$address" "$pods"
  cp "$("$here/../../scripts/kube.sh" --folder)"/{helm,kubectl} "$dir/tools/"
  "$here/pause_image.py" "$dir/pause.tar"
  setsid unshare --net --mount --pid --fork --mount-proc --kill-child "$self" init >"$dir/init.log" 2>&1 </dev/null &
  local outer=$!
  until_true 50 pgrep --parent "$outer" || die "it did not start: $(tail -n 1 "$dir/init.log")"
  pgrep --parent "$outer" >"$dir/init.pid"
  until_true 300 test -S "$dir/containerd.sock" || die "containerd did not start: see $dir/containerd.log"
  until_true 100 load "$dir/pause.tar" || die "containerd takes no image: see $dir/containerd.log"
  until_true 600 inside kubectl wait --for=condition=Ready node/node --timeout=0 || die "its node is not ready: see $dir/*.log"
  echo "cluster: Kubernetes $version is up, in $dir"
}

# The first process of the sandbox, and all that it starts.
init() {
  cd "$dir"
  mount --make-rshared /
  ip link set lo up
  ip link add eth0 type veth peer name eth0p
  ip addr add "$address/24" dev eth0
  ip link set eth0 up
  ip link set eth0p up
  ip route add default dev eth0
  sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.route_localnet=1
  export KUBECONFIG=$dir/kubeconfig PATH=$dir/tools:$bin:$PATH
  containerd --config containerd.toml >containerd.log 2>&1 &
  etcd --data-dir etcd --log-level warn >etcd.log 2>&1 &
  kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$address" --service-cluster-ip-range="$services" \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=sa.pub \
    --service-account-signing-key-file=sa.key --token-auth-file=tokens.csv --authorization-mode=RBAC --cert-dir=certs \
    --allow-privileged=true --kubelet-preferred-address-types=InternalIP >apiserver.log 2>&1 &
  until kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
  kube-controller-manager --kubeconfig kubeconfig --service-account-private-key-file=sa.key \
    --root-ca-file=certs/apiserver.crt --leader-elect=false >controllers.log 2>&1 &
  kube-scheduler --kubeconfig kubeconfig --leader-elect=false >scheduler.log 2>&1 &
  kubelet --kubeconfig kubeconfig --config kubelet.yaml --hostname-override=node --node-ip="$address" \
    --root-dir="$dir/kubelet" --cert-dir="$dir/kubelet-certs" >kubelet.log 2>&1 &
  kube-proxy --kubeconfig kubeconfig --proxy-mode=iptables --cluster-cidr="$pods" --hostname-override=node \
    --conntrack-max-per-core=0 >proxy.log 2>&1 &
  coredns -conf Corefile >dns.log 2>&1 &
  wait
}

# Their definitions come in the archives of their Go modules.
crds() {
  local keda_module gateway_module operator_module kind
  keda_module="$(module_folder "github.com/kedacore/keda/v2@$keda")"
  gateway_module="$(module_folder "sigs.k8s.io/gateway-api@$gateway_api")"
  operator_module="$(module_folder "github.com/prometheus-operator/prometheus-operator@$prometheus_operator")"
  for kind in "$keda_module/config/crd/bases/keda.sh_scaledobjects.yaml" \
    "$gateway_module/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" \
    "$operator_module"/example/prometheus-operator-crd/monitoring.coreos.com_{prometheusrules,servicemonitors}.yaml; do
    inside kubectl apply --server-side --filename "$kind"
  done
  inside kubectl wait --for=condition=Established crd --all --timeout=30s >/dev/null
}

module_folder() {
  local found
  found="$(cd / && go mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')"
  [[ -d $found ]] || die "the Go module $1 cannot be had"
  echo "$found"
}

load() {
  local file
  file="$(readlink -f "$1")"
  inside ctr --address "$dir/containerd.sock" --namespace k8s.io images import "$file"
}

down() {
  if is_up; then
    local pid
    pid="$(cat "$dir/init.pid")"
    kill -9 "$pid"
    until_true 100 test ! -d "/proc/$pid" || die "process $pid does not end"
  fi
  # The kernel takes a moment to forget the mounts of what has ended.
  until_true 100 rm -rf "$dir" || die "$dir cannot be removed"
  local group
  for group in /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods; do
    [[ ! -d $group ]] || find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done
}

case ${1-} in
  build | up | init | crds | down) "$1" ;;
  load) [[ $# == 2 ]] || die "load what? load FILE"; load "$2" ;;
  exec) shift; inside "$@" ;;
  *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
