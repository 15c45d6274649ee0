# What the guest is asked. Each `check` prints one line, which cgroup-v2.test.ts reads from the serial
# console: CHECK PASS "name", or CHECK FAIL "name": what the command said.
export PATH=/usr/sbin:/usr/bin HOME=/root
cgroups=/sys/fs/cgroup/berth

check() {
  local said
  if said=$(timeout -k 5 "${PATIENCE:-30}" bash -e -o pipefail -c "$2" 2>&1); then echo "CHECK PASS \"$1\""; else
    echo "CHECK FAIL \"$1\": $(echo $said | tail -c 900)"
  fi
}

# is EXPECTED ACTUAL
is() { [ "$1" = "$2" ] || { echo "expected <$1>, got <$2>"; return 1; }; }
has() { case $2 in *"$1"*) ;; *) echo "expected <$1> in <$2>"; return 1 ;; esac; }
# until_true SECONDS COMMAND
until_true() {
  local end=$((SECONDS + $1))
  until eval "$2"; do
    [ $SECONDS -lt $end ] || { echo "not true within $1 s: $2"; return 1; }
    sleep 0.1
  done
}
# of NAME FILE: a file of the container's cgroup
of() { cat "$cgroups/$(berth inspect -f '{{.Id}}' "$1")/$2"; }
start_daemon() {
  setsid berth daemon </dev/null >>/var/log/berth.log 2>&1 &
  echo $! >/run/daemon.pid
  until_true 20 '[ -S /run/berth.sock ] && berth version >/dev/null 2>&1'
}
supervisor_pid() { grep -lz "^supervisor$" /proc/[0-9]*/cmdline | cut -d/ -f3; }
# A kernel without modules stands for one without the feature.
without_modules() { mv /lib/modules /lib/no-modules; eval "$1"; local code=$?; mv /lib/no-modules /lib/modules; return $code; }
daemon_says() { timeout 15 berth daemon 2>&1 | tail -n 1; }
host_check_says() {
  bash -c 'die() { echo "berth: $*"; exit 1; }; package_manager() { echo apt-get; }; . /require-host.sh; require_host' 2>&1
}
export cgroups
export -f is has until_true of start_daemon supervisor_pid without_modules daemon_says host_check_says

umount /sys/fs/cgroup
check "the host check names a missing cgroup file system" '
  modprobe overlay; has "No cgroup file system is mounted" "$(host_check_says)"'
check "the daemon names a missing cgroup file system" '
  has "cgroup file system" "$(daemon_says)"'
rmmod overlay
mount -t cgroup2 cgroup2 /sys/fs/cgroup
check "the host check names a missing overlay file system" '
  has "This kernel has no overlay file system" "$(without_modules host_check_says)"'
check "the daemon names a missing overlay file system" '
  has "no overlay file system" "$(without_modules daemon_says)"'
modprobe overlay
check "the daemon names a missing bridge driver" '
  has "CONFIG_BRIDGE" "$(without_modules daemon_says)"'
modprobe bridge
check "the daemon names missing nftables" '
  has "CONFIG_NF_TABLES" "$(without_modules daemon_says)"'
check "the daemon names missing masquerading" '
  modprobe -a nf_tables nft_chain_nat nft_fib_inet nft_nat
  has "masquerading (CONFIG_NFT_MASQ, module nft_masq)" "$(without_modules daemon_says)"'

check "the daemon starts" start_daemon
check "busybox is imported" '
  berth import --change "CMD [\"sh\"]" --change "ENV PATH=/bin:/sbin:/usr/bin:/usr/sbin" - busybox:latest </busybox.tar'
check "run names a missing veth driver" '
  has "CONFIG_VETH" "$(without_modules "berth run --rm busybox true" 2>&1)"'
check "a container runs on a bridge" 'is hello "$(berth run --rm busybox echo hello)"'
check "info says cgroup version 2" '
  is "2 cgroupfs" "$(berth info -f "{{.CgroupVersion}} {{.CgroupDriver}}")"; berth info > /tmp/info 2>/tmp/warnings; is "" "$(cat /tmp/warnings)"'

berth run -d --name limited -m 64m --memory-reservation 32m --cpus 0.5 --pids-limit 50 --cpu-shares 512 --cpuset-cpus 0 busybox sleep 600
check "-m is memory.max" 'is 67108864 "$(of limited memory.max)"; is 67108864 "$(of limited memory.swap.max)"; is 33554432 "$(of limited memory.low)"'
check "--cpus is cpu.max" 'is "50000 100000" "$(of limited cpu.max)"'
check "--cpu-shares is cpu.weight" 'is 20 "$(of limited cpu.weight)"'
check "--cpuset-cpus is cpuset.cpus" 'is 0 "$(of limited cpuset.cpus)"'
check "--pids-limit is pids.max" 'is 50 "$(of limited pids.max)"'
check "the container sees its own cgroup as the root" '
  is 0::/ "$(berth exec limited cat /proc/self/cgroup)"; is 67108864 "$(berth exec limited cat /sys/fs/cgroup/memory.max)"'
check "exec lands in the container's cgroup" '
  berth exec -d limited sleep 500; until_true 5 "[ \"\$(of limited cgroup.procs | wc -l)\" = 2 ]"'
check "top lists the processes" 'has "sleep 500" "$(berth top limited)"; has "sleep 600" "$(berth top limited)"'
check "update changes limits in place" '
  berth update -m 128m --memory-swap 128m --cpus 1.5 --pids-limit 70 --cpu-shares 1024 limited
  is 134217728 "$(of limited memory.max)"; is 0 "$(of limited memory.swap.max)"
  is "150000 100000" "$(of limited cpu.max)"; is 70 "$(of limited pids.max)"; is 39 "$(of limited cpu.weight)"'
check "stats count memory, processes and time" '
  berth stats --no-stream --format "{{.MemUsage}} {{.PIDs}}" limited | tee /tmp/stats
  has "/ 128MiB 2" "$(cat /tmp/stats)"'
check "pause freezes and unpause thaws" '
  berth pause limited; is 1 "$(of limited cgroup.freeze)"; has "frozen 1" "$(of limited cgroup.events)"
  is paused "$(berth inspect -f "{{.State.Status}}" limited)"
  berth unpause limited; has "frozen 0" "$(of limited cgroup.events)"; is running "$(berth inspect -f "{{.State.Status}}" limited)"'
check "rm -f of a paused container works" '
  berth run -d --name frozen busybox sleep 600; berth pause frozen; berth rm -f frozen'
check "fork is refused at the limit" '
  has "fork" "$(berth run --rm --pids-limit 5 busybox sh -c "for i in 1 2 3 4 5 6 7; do sleep 2 & done; wait" 2>&1 || true)"'
check "an OOM kill is told" '
  berth run --name greedy -m 16m --memory-swap 16m busybox sh -c "tail /dev/zero" || is 137 $?
  is true "$(berth inspect -f "{{.State.OOMKilled}}" greedy)"; has oom "$(berth events --since 60s --until 0s --filter container=greedy)"'
check "an OOM kill of a child is told" '
  berth run --name parent -m 16m --memory-swap 16m busybox sh -c "tail /dev/zero; sleep 1; exit 0"
  is true "$(berth inspect -f "{{.State.OOMKilled}}" parent)"'
check "a device is refused without --device" '
  has "not permitted" "$(berth run --rm --cap-add SYSLOG busybox sh -c "mknod /k c 1 11 && cat /k" 2>&1 || true)"'
check "--device opens a device" '
  berth run --rm --device /dev/kmsg --cap-add SYSLOG busybox dd if=/dev/kmsg of=/dev/null bs=8192 count=1'
check "--device without w cannot be written" '
  has "not permitted" "$(berth run --rm --device /dev/kmsg:/dev/kmsg:r --cap-add SYSLOG busybox sh -c "echo x >/dev/kmsg" 2>&1 || true)"'
check "--device-cgroup-rule opens a device" '
  berth run --rm --device-cgroup-rule "c 1:11 r" --cap-add SYSLOG busybox sh -c "mknod /k c 1 11 && dd if=/k of=/dev/null bs=8192 count=1"'
check "--privileged opens every device" '
  berth run --rm --privileged busybox dd if=/dev/kmsg of=/dev/null bs=8192 count=1'
check "kill ends all processes of a container" '
  berth run -d --name many busybox sh -c "sleep 600 & sleep 600 & sleep 600"; id=$(berth inspect -f "{{.Id}}" many)
  until_true 5 "[ \"\$(of many cgroup.procs | wc -l)\" = 3 ]"; berth kill many; until_true 5 "[ ! -e $cgroups/$id ]"; berth rm many'
check "a published port answers on loopback" '
  berth run -d --name web -p 127.0.0.1:8080:80 busybox sh -c "mkdir -p /w; echo works >/w/index.html; httpd -f -p 80 -h /w"
  until_true 10 "wget -qO- http://127.0.0.1:8080/ >/tmp/page 2>/dev/null"; is works "$(cat /tmp/page)"'
check "the firewall masquerades" 'has masquerade "$(nft list ruleset)"'
check "a published port answers on an address of the host" '
  ip link add lan type veth peer name far; mkdir -p /run/netns; ip netns add far; ip link set far netns far; ip addr add 192.0.2.1/24 dev lan; ip link set lan up
  nsenter --net=/run/netns/far sh -c "ip addr add 192.0.2.2/24 dev far; ip link set far up; ip link set lo up"
  berth run -d --name open -p 8081:80 busybox sh -c "mkdir -p /w; echo open >/w/index.html; httpd -f -p 80 -h /w"
  until_true 10 "nsenter --net=/run/netns/far wget -qO- http://192.0.2.1:8081/ >/tmp/page 2>/dev/null"; is open "$(cat /tmp/page)"'
check "traffic that leaves is masqueraded" '
  nsenter --net=/run/netns/far httpd -p 192.0.2.2:9000 -h /tmp; berth run --rm busybox wget -qO- http://192.0.2.2:9000/page'
check "a daemon that was killed finds its containers again" '
  kill -9 $(cat /run/daemon.pid); until_true 5 "[ ! -e /proc/$(cat /run/daemon.pid)/exe ]"; start_daemon
  is "running" "$(berth inspect -f "{{.State.Status}}" limited)"; is here "$(berth exec limited echo here)"
  is works "$(wget -qO- http://127.0.0.1:8080/)"; berth update --pids-limit 71 limited; is 71 "$(of limited pids.max)"'
check "runc runs, limits and opens devices as well" '
  berth run -d --name by-runc --runtime runc -m 64m --cpus 0.5 --pids-limit 50 --device /dev/kmsg --cap-add SYSLOG busybox sleep 600
  is 67108864 "$(of by-runc memory.max)"; is "50000 100000" "$(of by-runc cpu.max)"; is 50 "$(of by-runc pids.max)"
  berth exec by-runc dd if=/dev/kmsg of=/dev/null bs=8192 count=1; berth pause by-runc; berth unpause by-runc'
check "a container with cgroups of its own is looked after as a whole" '
  berth run -d --name nested --privileged busybox sh -c "cd /sys/fs/cgroup; mkdir inner; echo 1 >inner/cgroup.procs; echo +memory >cgroup.subtree_control; sleep 600"
  until_true 5 "[ \"\$(of nested cgroup.subtree_control)\" = memory ]"
  has "sleep 600" "$(berth top nested)"; is here "$(berth exec nested echo here)"; berth pause nested; has "frozen 1" "$(of nested cgroup.events)"; berth unpause nested
  is 1 "$(berth stats --no-stream --format "{{.PIDs}}" nested)"; berth stop -t 0 nested; berth start nested; berth rm -f nested'
check "the host's cgroups are seen with --cgroupns host" '
  has "0::/berth/" "$(berth run --rm --cgroupns host busybox cat /proc/self/cgroup)"'
check "--blkio-weight is io.weight" '
  berth run -d --name heavy --blkio-weight 500 busybox sleep 600; has "default 49" "$(of heavy io.weight)"; berth update --blkio-weight 10 heavy; is "default 1" "$(of heavy io.weight | head -n 1)"'
check "--device-read-bps is io.max" '
  modprobe brd rd_nr=1; berth run -d --name slow --device-read-bps /dev/ram0:1mb --device-write-iops /dev/ram0:50 busybox sleep 600
  is "1:0 rbps=1048576 wbps=max riops=max wiops=50" "$(of slow io.max)"'
check "what cgroup v2 does not have is warned of and left out" '
  has "discarded" "$(berth run --rm -m 64m --oom-kill-disable busybox true 2>&1)"; has "discarded" "$(berth run --rm -m 64m --memory-swappiness 10 busybox true 2>&1)"'
check "a stop is no OOM kill" '
  berth run -d --name calm -m 32m busybox sleep 600; berth stop -t 0 calm; is "false 137" "$(berth inspect -f "{{.State.OOMKilled}} {{.State.ExitCode}}" calm)"'
# The exit code is not looked at: before Linux 6.15 nobody can learn that of an adopted process (it is told as 255).
check "a supervisor that was killed is replaced, and containers go on" '
  berth run -d --name survivor busybox sleep 600; old=$(supervisor_pid); kill -9 $old
  until_true 10 "new=\$(supervisor_pid); [ -n \"\$new\" ] && [ \"\$new\" != $old ]"
  is here "$(berth exec survivor echo here)"; berth stop -t 0 survivor
  is exited "$(berth inspect -f "{{.State.Status}}" survivor)"; is new "$(berth run --rm busybox echo new)"'
check "changes of a container are found and committed" '
  berth run --name changed busybox sh -c "echo new >/new; rm /etc/group; mv /var/www /srv"; berth diff changed | tr "\n" " " >/tmp/diff
  has "A /new" "$(cat /tmp/diff)"; has "D /etc/group" "$(cat /tmp/diff)"; has "A /srv" "$(cat /tmp/diff)"
  berth commit changed changed:1 >/dev/null; is new "$(berth run --rm changed:1 cat /new)"'
check "volumes, tmpfs and a read-only root are mounted" '
  is data "$(berth run --rm --read-only --tmpfs /scratch -v kept:/kept busybox sh -c "echo data >/kept/f; touch /scratch/f; touch /f 2>/dev/null || cat /kept/f")"'
# On a file system of its own in memory, with a daemon of its own.
quota_daemon() {
  # An earlier check has a smaller one.
  rmmod brd 2>/dev/null || true; modprobe brd rd_nr=1 rd_size=400000; modprobe "$1"; modprobe quota_v2 2>/dev/null
  mkdir -p /q; "mkfs.$1" $2 /dev/ram0 >/dev/null 2>&1; mount -t "$1" -o prjquota /dev/ram0 /q
  setsid berth daemon --data-root /q/data --exec-root /run/q -H unix:///run/q.sock --bridge none --cgroup-parent /q </dev/null >>/var/log/q.log 2>&1 &
  export BERTH_HOST=unix:///run/q.sock
  until_true 20 '[ -S /run/q.sock ] && berth version >/dev/null 2>&1'
  berth import --change "CMD sh" --change "ENV PATH=/bin" - busybox <busybox.tar >/dev/null
}
held_to_quotas() {
  berth volume create -o size=4m bounded
  run() { berth run --rm --network none "$@"; }
  # ext4 and xfs have words of their own for it.
  full() { case $(run "$@" 2>&1) in *"No space left"* | *"quota exceeded"*) ;; *) echo "not bounded: $*"; return 1 ;; esac; }
  full -v bounded:/d busybox dd if=/dev/zero of=/d/f bs=1M count=8
  run -v bounded:/d busybox dd if=/dev/zero of=/d/f bs=1M count=2 2>/dev/null
  full --storage-opt size=4m busybox dd if=/dev/zero of=/f bs=1M count=8
  run --storage-opt size=4m busybox sh -c "dd if=/dev/zero of=/f bs=1M count=2 2>/dev/null; echo x >/etc/group; mv /etc/passwd /tmp"
  run -v unbounded:/d busybox dd if=/dev/zero of=/d/f bs=1M count=8 2>/dev/null
  berth volume snapshot bounded kept; berth volume restore bounded kept >/dev/null
  full -v bounded:/d busybox dd if=/dev/zero of=/d/g bs=1M count=3
  berth volume create -o size=4m filled; run -v filled:/bin busybox true; has " busybox" "$(berth volume browse filled)"
  berth system stop --containers; until_true 20 '[ ! -S /run/q.sock ]'; sleep 1; umount /q
}
export -f quota_daemon held_to_quotas
PATIENCE=90
check "volumes and containers are held to their quotas on ext4" '
  quota_daemon ext4 "-q -O quota,project -E quotatype=prjquota"; held_to_quotas'
check "volumes and containers are held to their quotas on xfs" '
  quota_daemon xfs "-q -f"; held_to_quotas'
unset PATIENCE
# A neighbour behind the link "wan", and on the same wire once more as VLAN 50.
neighbour() {
  modprobe -a veth 8021q; mkdir -p /run/netns; ip netns add beyond; ip link add wan type veth peer name beyond netns beyond
  ip addr add 198.18.5.1/24 dev wan; ip link set wan up
  beyond sh -ec "ip addr add 198.18.5.2/24 dev beyond; ip link set beyond up; ip link set lo up; ip route add 10.88.0.0/16 via 198.18.5.1
    ip link add link beyond name beyond.50 type vlan id 50; ip addr add 198.18.50.2/24 dev beyond.50; ip link set beyond.50 up"
}
beyond() { nsenter --net=/run/netns/beyond "$@"; }
# on_network NEIGHBOUR ADDRESS FLAGS…: a container in a network of these flags reaches both, and is reached
on_network() {
  local neighbour=$1 address=$2; shift 2
  berth network create "$@" tried; berth run -d --name tried --network tried --ip $address busybox sleep 600
  berth exec tried ping -c 1 -W 2 $neighbour; beyond ping -c 1 -W 2 $address
  berth run --rm --network tried busybox sh -c "ping -c 1 -W 2 $address && nslookup tried"
  berth rm -f tried; berth network rm tried
}
export -f neighbour beyond on_network
check "network create names a missing ipvlan driver" '
  neighbour; has "CONFIG_IPVLAN, module ipvlan" "$(without_modules "berth network create -d ipvlan --subnet 10.88.9.0/24 -o parent=wan tried" 2>&1)"
  is "" "$(berth network ls -q -f name=tried)"'
check "ipvlan l2: a place on the neighbours' wire" '
  on_network 198.18.5.2 198.18.5.50 -d ipvlan --subnet 198.18.5.0/24 --gateway 198.18.5.2 -o parent=wan'
check "ipvlan l3: a subnet of its own behind the parent" '
  on_network 198.18.5.2 10.88.1.50 -d ipvlan --subnet 10.88.1.0/24 -o parent=wan -o ipvlan_mode=l3'
check "ipvlan l3s" '
  on_network 198.18.5.2 10.88.2.50 -d ipvlan --subnet 10.88.2.0/24 -o parent=wan -o ipvlan_mode=l3s'
check "ipvlan private: neighbours in the network do not meet" '
  berth network create -d ipvlan --subnet 198.18.5.0/24 -o parent=wan -o ipvlan_flag=private tried
  berth run -d --name tried --network tried --ip 198.18.5.50 busybox sleep 600
  berth exec tried ping -c 1 -W 2 198.18.5.2
  if berth run --rm --network tried busybox ping -c 1 -W 1 198.18.5.50; then echo reached; exit 1; fi
  berth rm -f tried; berth network rm tried'
check "ipvlan without a parent leads nowhere" '
  berth network create -d ipvlan tried; berth run -d --name tried --network tried busybox sleep 600
  berth run --rm --network tried busybox ping -c 1 -W 2 tried; berth rm -f tried; berth network rm tried; is "" "$(ip -o link | grep dm- || true)"'
check "another default route takes over when an ipvlan l3 network is joined alone" '
  berth network create -d ipvlan --subnet 10.88.3.0/24 -o parent=wan -o ipvlan_mode=l3 z; berth network create a
  berth run -d --name tried --network a busybox sleep 600; berth network connect z tried; berth network disconnect a tried
  berth exec tried ping -c 1 -W 2 198.18.5.2; berth rm -f tried; berth network rm a z'
check "a VLAN sub-interface is made, used and removed" '
  on_network 198.18.50.2 198.18.50.50 -d macvlan --subnet 198.18.50.0/24 -o parent=wan.50; is "" "$(ip -o link | grep wan.50 || true)"'
check "ipvlan on a VLAN, after a daemon that was killed" '
  berth network create -d ipvlan --subnet 198.18.50.0/24 -o parent=wan.50 tried; berth run -d --name tried --network tried --ip 198.18.50.9 busybox sleep 600
  kill -9 $(cat /run/daemon.pid); until_true 5 "[ ! -e /proc/$(cat /run/daemon.pid)/exe ]"; start_daemon
  beyond ping -c 1 -W 2 198.18.50.9; berth rm -f tried; berth network rm tried; is "" "$(ip -o link | grep wan.50 || true)"'
check "macvlan bridge on a kernel of a distribution" '
  on_network 198.18.5.2 198.18.5.60 -d macvlan --subnet 198.18.5.0/24 -o parent=wan; ip netns delete beyond'
check "a cgroup parent of the user's is used" '
  berth run -d --name child --cgroup-parent /mine busybox sleep 600; is 1 "$(find /sys/fs/cgroup/mine -mindepth 1 -type d | wc -l)"; berth rm -f child'
check "rm -f leaves no cgroup" '
  berth rm -f $(berth ps -aq) >/dev/null; is "" "$(find $cgroups -mindepth 1 -type d 2>/dev/null)"'
check "system stop leaves nothing" '
  berth system stop --containers; until_true 10 "[ -z \"\$(ls -d /sys/fs/cgroup/berth* 2>/dev/null)\" ]"; has "" "$(ip link)"
  is "" "$(mount | grep /var/lib/berth || true)"; is "" "$(nft list tables)"'
echo "The daemon's log:"
cat /var/log/berth.log
