import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { must, run } from "./daemon.ts";
import type { Lan, Neighbour } from "./lan.ts";

/** What a host's administrator does with a firewall; every port is TCP. */
export interface HostFirewall {
  readonly name: string;
  /** Forbids what is not allowed; resolves when that holds. */
  start(): Promise<void>;
  allow(port: number): Promise<void>;
  /** Keeps one neighbour from a port that others may reach. */
  forbid(port: number, neighbour: Neighbour): Promise<void>;
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** Uncomplicated Firewall (iptables-nft), with settings of its own below `root`. */
export class Ufw implements HostFirewall {
  readonly name = "ufw";
  readonly #lan: Lan;
  readonly #root: string;

  constructor(lan: Lan, root: string) {
    this.#lan = lan;
    this.#root = root;
  }

  async start(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await $`cp -a /etc/ufw ${join(this.#root, "ufw")}`.quiet();
    await $`cp -a /etc/default ${join(this.#root, "default")}`.quiet();
    await this.#ufw("default", "deny", "incoming");
    await this.#ufw("--force", "enable");
  }

  async allow(port: number): Promise<void> {
    await this.#ufw("allow", `${port}/tcp`);
  }

  async forbid(port: number, { address }: Neighbour): Promise<void> {
    await this.#ufw("insert", "1", "deny", "from", address, "to", "any", "port", String(port));
  }

  async reload(): Promise<void> {
    await this.#ufw("reload");
  }

  async stop(): Promise<void> {
    await this.#ufw("--force", "disable");
  }

  async #ufw(...args: string[]): Promise<void> {
    const mounts = `mount --bind ${this.#root}/ufw /etc/ufw && mount --bind ${this.#root}/default /etc/default`;
    const script = `${mounts} && exec ufw "$@"`;
    must(await this.#lan.run("unshare", "-m", "sh", "-c", script, "ufw", ...args));
  }
}

const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
`;

/** firewalld with a message bus and settings of its own below `root`. */
export class Firewalld implements HostFirewall {
  readonly name = "firewalld";
  readonly #lan: Lan;
  readonly #root: string;
  readonly #processes: ReturnType<typeof Bun.spawn>[] = [];

  constructor(lan: Lan, root: string) {
    this.#lan = lan;
    this.#root = root;
  }

  /** Whoever talks to firewalld finds the bus by this. */
  get env(): Record<string, string> {
    return { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(this.#root, "bus")}` };
  }

  async start(): Promise<void> {
    await mkdir(join(this.#root, "etc"), { recursive: true });
    await $`cp -a /etc/firewalld/. ${join(this.#root, "etc")}`.quiet();
    const config = join(this.#root, "bus.conf");
    await writeFile(config, BUS.replace("SOCKET", join(this.#root, "bus")));
    this.#spawn("dbus-daemon", `--config-file=${config}`, "--nofork", "--nopidfile");
    const settings = ["--system-config", join(this.#root, "etc"), "--log-target", "console"];
    this.#spawn("/usr/sbin/firewalld", "--nofork", "--nopid", ...settings);
    for (let attempt = 0; attempt < 200; attempt++) {
      if ((await this.#command("--state")).code === 0) return;
      await Bun.sleep(100);
    }
    throw new Error("firewalld does not answer");
  }

  async allow(port: number): Promise<void> {
    await this.#both(`--add-port=${port}/tcp`);
  }

  async forbid(port: number, { address }: Neighbour): Promise<void> {
    const rule = `rule family=ipv4 source address=${address} port port=${port} protocol=tcp drop`;
    await this.#both(`--add-rich-rule=${rule}`);
  }

  async reload(): Promise<void> {
    must(await this.#command("--reload"));
  }

  async stop(): Promise<void> {
    for (const one of this.#processes.splice(0).reverse()) {
      one.kill("SIGTERM");
      await one.exited;
    }
  }

  /** Now, and after a reload. */
  async #both(flag: string): Promise<void> {
    must(await this.#command("--permanent", flag));
    must(await this.#command(flag));
  }

  #command(...args: string[]) {
    return run(["firewall-cmd", "-q", ...args], { env: this.env });
  }

  #spawn(...command: string[]): void {
    this.#processes.push(
      Bun.spawn(["nsenter", `--net=${this.#lan.path}`, ...command], {
        stdin: "ignore",
        stdout: Bun.file(join(this.#root, `${command[0]?.split("/").at(-1)}.log`)),
        stderr: "ignore",
        env: { ...process.env, ...this.env },
      }),
    );
  }
}

/** A ruleset that an administrator has written for nft(8). */
export class PlainNftables implements HostFirewall {
  readonly name = "nftables";
  readonly #lan: Lan;
  readonly #allowed = new Set<number>();
  readonly #forbidden: string[] = [];

  constructor(lan: Lan) {
    this.#lan = lan;
  }

  async start(): Promise<void> {
    await this.reload();
  }

  async allow(port: number): Promise<void> {
    this.#allowed.add(port);
    await this.#nft(`add element inet admin allowed { ${port} }`);
  }

  async forbid(port: number, { address }: Neighbour): Promise<void> {
    this.#forbidden.push(`ip saddr ${address} tcp dport ${port} drop`);
    await this.reload();
  }

  /** As `systemctl reload nftables` does it: everything is flushed, also what others have made. */
  async reload(): Promise<void> {
    const allowed = [...this.#allowed];
    const elements = allowed.length === 0 ? "" : `elements = { ${allowed.join(", ")} };`;
    await this.#nft(`flush ruleset
table inet admin {
  set allowed { type inet_service; ${elements} }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    meta l4proto { icmp, ipv6-icmp } accept
    ${this.#forbidden.join("\n    ")}
    tcp dport @allowed accept
  }
}`);
  }

  async stop(): Promise<void> {
    await this.#nft("delete table inet admin");
  }

  async #nft(commands: string): Promise<void> {
    must(await run(["nsenter", `--net=${this.#lan.path}`, "nft", "-f", "-"], { stdin: commands }));
  }
}
