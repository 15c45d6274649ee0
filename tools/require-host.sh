# Sourced after packages.sh: says in one sentence what this host lacks, before anything is installed.

require_host() {
  [ "$(uname -s)" = Linux ] || die "Berth runs on Linux only; this is $(uname -s)"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) die "Berth has no build for $(uname -m): x86_64 and aarch64 are supported" ;;
  esac
  [ "$(id -u)" = 0 ] || die "Berth's daemon needs root: run this again with sudo"
  [ -n "$(package_manager)" ] ||
    die "Cannot install what Berth needs: this system has neither apt-get (Debian, Ubuntu), dnf (Fedora) nor apk (Alpine)"
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
    die "This kernel has no overlay file system (CONFIG_OVERLAY_FS), which images need"
  for namespace in mnt net pid uts ipc; do
    [ -e "/proc/self/ns/$namespace" ] || die "This kernel has no $namespace namespaces, which containers need"
  done
  [ -d /sys/fs/cgroup ] && grep -q cgroup /proc/mounts ||
    die "No cgroup file system is mounted at /sys/fs/cgroup, which limits need"
}
