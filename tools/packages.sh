# Sourced: installs operating system packages, only those that are missing, saying so.
# Needs: a package manager among apt-get, dnf and apk.

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'berth: %s\n' "$*" >&2; exit 1; }

# has_library NAME: can the dynamic linker find it? (dlopen, not a program, is what needs it.)
has_library() {
  for directory in /usr/lib /usr/lib64 /lib /lib64 /usr/lib/*-linux-gnu /lib/*-linux-gnu; do
    [ -e "$directory/$1" ] && return 0
  done
  return 1
}

has_command() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

# missing KIND:WHAT=APT/DNF/APK …: prints the package names (for this system) of what is not there; an empty
# name is of a system that has no such package.
missing_packages() {
  for need in "$@"; do
    what=${need%%=*}
    names=${need#*=}
    case $what in
      command:*) has_command "${what#command:}" && continue ;;
      library:*) has_library "${what#library:}" && continue ;;
      file:*) [ -e "${what#file:}" ] && continue ;;
    esac
    case $(package_manager) in
      apt-get) echo "$names" | cut -d/ -f1 ;;
      dnf) echo "$names" | cut -d/ -f2 ;;
      apk) echo "$names" | cut -d/ -f3 ;;
    esac
  done | sort -u
}

package_manager() {
  for manager in apt-get dnf apk; do
    has_command "$manager" && { echo "$manager"; return; }
  done
}

# install_missing NEED…: nothing is asked of the package manager where nothing is missing.
install_missing() {
  [ -n "$(package_manager)" ] || die "Cannot install packages: neither apt-get, dnf nor apk is on this system"
  packages=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "${packages// /}" ] || return 0
  say "Installing $packages"
  # Installed for tests, they are not to become this machine's own firewall and web server.
  case " $packages " in
    *" firewalld "*) has_command systemctl && systemctl --quiet mask firewalld.service 2>/dev/null ;;
  esac
  case " $packages " in
    *" nginx "*) has_command systemctl && systemctl --quiet mask nginx.service 2>/dev/null ;;
  esac
  log=$(mktemp)
  # shellcheck disable=SC2086
  case $(package_manager) in
    apt-get)
      export DEBIAN_FRONTEND=noninteractive
      # A distribution's service is not wanted here: its policy hook keeps it from being started.
      { apt-get install -y --no-install-recommends $packages ||
        { apt-get update && apt-get install -y --no-install-recommends $packages; }; } >"$log" 2>&1 ;;
    dnf) dnf install -y $packages >"$log" 2>&1 ;;
    apk) apk add $packages >"$log" 2>&1 ;;
  esac || { tail -n 20 "$log" >&2; die "Cannot install $packages: see above"; }
  rm -f "$log"
}

RUNTIME_NEEDS=(
  command:crun=crun/crun/crun
  library:libnftables.so.1=libnftables1/nftables/nftables
  library:libseccomp.so.2=libseccomp2/libseccomp/libseccomp
  file:/bin/busybox=busybox-static/busybox/busybox-static
  file:/usr/bin/tini-static=tini/tini/tini-static
)

TEST_NEEDS=(
  command:docker=docker.io/moby-engine/docker
  command:dockerd=docker.io/moby-engine/docker
  command:docker-registry=docker-registry/docker-distribution/docker-registry
  command:skopeo=skopeo/skopeo/skopeo
  command:tmux=tmux/tmux/tmux
  command:vim.tiny=vim-tiny/vim-minimal/vim
  command:ip=iproute2/iproute/iproute2
  command:nft=nftables/nftables/nftables
  command:iptables=iptables/iptables-nft/iptables
  command:ufw=ufw/ufw/ufw
  command:firewalld=firewalld/firewalld/firewalld
  command:dbus-daemon=dbus/dbus-daemon/dbus
  command:ps=procps/procps-ng/procps
  command:nc=netcat-openbsd/nmap-ncat/netcat-openbsd
  command:ping=iputils-ping/iputils/iputils-ping
  command:curl=curl/curl/curl
  command:runc=runc/runc/runc
  command:podman=podman/podman/podman
  file:/usr/lib/python3/dist-packages/docker/__init__.py=python3-docker//
  command:htpasswd=apache2-utils/httpd-tools/apache2-utils
  command:openssl=openssl/openssl/openssl
  command:ssh-add=openssh-client/openssh-clients/openssh-client
  command:qemu-system-x86_64=qemu-system-x86/qemu-system-x86-core/qemu-system-x86_64
  command:etcd=etcd-server/etcd/etcd
  command:iperf3=iperf3/iperf3/iperf3
  command:cpio=cpio/cpio/cpio
  file:/usr/lib/postgresql=postgresql/postgresql-server/postgresql
  command:swift-ring-builder=swift//
  command:swift-proxy-server=swift-proxy//
  command:swift-account-server=swift-account//
  command:swift-container-server=swift-container//
  command:swift-object-server=swift-object//
  command:memcached=memcached/memcached/memcached
  command:nginx=nginx/nginx/nginx
  command:redis-cli=redis-tools/redis/redis
  command:mkfs.xfs=xfsprogs/xfsprogs/xfsprogs
  command:mkfs.ext4=e2fsprogs/e2fsprogs/e2fsprogs
)
