import { SETTINGS, type SettingName } from "./daemon-settings.ts";

/** What each setting does; defaults in brackets. */
const ABOUT: Record<SettingName, string> = {
  "data-root": "Directory of what must outlive a reboot [/var/lib/berth]",
  "exec-root": "Directory of what may vanish at a reboot [/run/berth]",
  host: "Socket to listen on, unix:// or tcp:// [unix:///run/berth.sock]",
  "api-socket": "Socket with fewer rights: PATH,role=read|operate|admin[,group=NAME]",
  ephemeral: "A place of its own below /tmp; ends, with all it has, when its standard input does",
  pidfile: "File for the daemon's process id",
  bip: "Address and subnet of the default bridge, 10.1.0.1/24",
  bridge: "Name of the default bridge, made where it is missing; none for no such network [berth0]",
  mtu: "MTU of the default bridge [1500]",
  "default-address-pool": "Pool for networks without a subnet, base=CIDR,size=BITS",
  dns: "Name server of containers",
  "dns-opt": "Resolver option of containers",
  "dns-search": "Search domain of containers",
  "host-gateway-ip": "Address for host-gateway in --add-host",
  "registry-mirror": "Mirror of Docker Hub, or HOST=URL for another registry",
  "insecure-registry": "Registry that may be reached without verified TLS, a host or CIDR",
  "max-concurrent-downloads": "Layers of one pull that arrive at once [3]",
  "build-cache-limit": "What the build cache may take (default 20GiB); 0: no limit",
  "image-disk-limit": "Ceiling for image data; unused images beyond it go, 20GB",
  "plugin-dir": "Directory of plugins' sockets and files [/run/docker/plugins and Docker's others]",
  "volume-trash-hours": "How long a removed volume can be brought back; 0: not at all [24]",
  "volume-trash-limit": "What removed volumes may take, the latest aside [a tenth of the disk]",
  "log-driver": "Log driver of containers [json-file, five files of 20 MB]",
  "log-opt": "Option of that log driver, KEY=VALUE",
  "log-level": "debug, info, warn or error [info]",
  debug: "The same as --log-level debug",
  label: "Label of the daemon, KEY=VALUE",
  "live-restore": "Containers go on when the daemon ends [true]",
  "shutdown-timeout": "Seconds for containers to end with --live-restore=false [15]",
  "default-ulimit": "Ulimit of containers, NAME=SOFT:HARD",
  "default-shm-size": "Size of /dev/shm in containers [64M]",
  init: "Run an init in every container",
  "cgroup-parent": "Parent cgroup of containers [/berth]",
  "default-runtime": "OCI runtime to use [crun, else runc]",
  "add-runtime": "A further OCI runtime, NAME=PATH",
  "cluster-store": "Store of overlay networks, etcd://HOST:PORT[,HOST:PORT][/PREFIX]",
  "cluster-advertise": "Where other hosts reach this one, ADDRESS or INTERFACE[:PORT]",
  "cluster-store-opt": "Option of that store, kv.cacertfile=FILE and others",
  tls: "TLS on tcp:// sockets",
  tlsverify: "TLS that asks clients for a certificate",
  tlscacert: "Authority that signs clients' certificates",
  tlscert: "The daemon's certificate",
  tlskey: "The daemon's key",
  "tcp-without-certificates": "Let everyone who reaches tcp:// sockets be root here",
};

const VALUE = {
  text: "TEXT",
  number: "N",
  size: "SIZE",
  flag: "",
  list: "ITEM",
  pairs: "KEY=VALUE",
};

/** The page of `berth daemon --help`. */
export function daemonHelp(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => {
    const short = "short" in setting ? `-${setting.short}, ` : "    ";
    const flag = `  ${short}--${name} ${VALUE[setting.form]}`.padEnd(42);
    return `${flag} ${ABOUT[name as SettingName]}`;
  });
  return [
    "Usage:  berth daemon [OPTIONS]",
    "",
    "Run the engine: the Engine API, images, networks and containers",
    "",
    "Options (lists may be given more than once; the same names stand in the configuration file):",
    `  ${"    --config-file TEXT".padEnd(40)} Configuration file, JSON [/etc/berth/daemon.json]`,
    ...rows,
    "",
    "SIGTERM ends the daemon and leaves containers running; `berth system stop --containers` ends both.",
    "",
  ].join("\n");
}
