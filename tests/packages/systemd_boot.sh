#!/usr/bin/env bash
# Boots the systemd of a Debian in a folder, as process 1 of namespaces of its own, without a network, in a cgroup of its
# own; ends when it does. Needs root. Works where cgroups are version 2, version 1 or both, as long as root may mount them.
#   tests/packages/systemd_boot.sh FOLDER CGROUP
set -euo pipefail
root=$1 cgroup=$2
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
  [[ -e $hierarchy/cgroup.procs ]] || continue
  mkdir -p "$hierarchy/$cgroup"
  echo $$ >"$hierarchy/$cgroup/cgroup.procs"
done

inside() {
  local root=$1 device
  mount --make-rprivate /
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  if [[ -e /sys/fs/cgroup/systemd ]]; then
    mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
    if [[ -e /sys/fs/cgroup/unified ]]; then
      mkdir "$root/sys/fs/cgroup/unified"
      mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
    fi
  else
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  fi
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs tmpfs "$root/tmp"
  exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd
}
export -f inside
exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup bash -euc 'inside "$1"' boot "$root"
