import { must, type Output, run } from "./daemon.ts";

/** One neighbour of the host, on a link of its own. */
export interface Neighbour {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  /** The host's address on the link. */
  readonly hostAddress: string;
  readonly hostAddress6: string;
  /** Name of the link on the host. */
  readonly link: string;
}

/**
 * A host and its neighbours, each a network namespace: for tests that change what belongs to a whole host,
 * as its firewall does. Addresses are from 198.18.0.0/15 (RFC 2544) and 2001:db8::/32.
 */
export class Lan {
  readonly host = `be2e-${process.pid}-host`;
  readonly neighbours: readonly Neighbour[];

  private constructor(count: number) {
    this.neighbours = Array.from({ length: count }, (_, index) => {
      const net = 20 + index;
      return {
        name: `be2e-${process.pid}-n${index}`,
        address: `198.18.${net}.2`,
        address6: `2001:db8:${net}::2`,
        hostAddress: `198.18.${net}.1`,
        hostAddress6: `2001:db8:${net}::1`,
        link: `lan${index}`,
      };
    });
  }

  static async make(count: number): Promise<Lan> {
    const lan = new Lan(count);
    const { host } = lan;
    const ip = async (...args: string[]) => must(await run(["ip", ...args]));
    await ip("netns", "add", host);
    await ip("-n", host, "link", "set", "lo", "up");
    for (const { name, address, address6, hostAddress, hostAddress6, link } of lan.neighbours) {
      await ip("netns", "add", name);
      await ip("-n", host, "link", "add", link, "type", "veth", "peer", "eth0", "netns", name);
      for (const [where, device, four, six] of [
        [host, link, hostAddress, hostAddress6],
        [name, "eth0", address, address6],
      ] as const) {
        await ip("-n", where, "addr", "add", `${four}/24`, "dev", device);
        await ip("-n", where, "-6", "addr", "add", `${six}/64`, "dev", device, "nodad");
        await ip("-n", where, "link", "set", device, "up");
      }
      await ip("-n", name, "link", "set", "lo", "up");
      await ip("-n", name, "route", "add", "default", "via", hostAddress);
      await ip("-n", name, "-6", "route", "add", "default", "via", hostAddress6);
    }
    return lan;
  }

  get path(): string {
    return `/run/netns/${this.host}`;
  }

  /** As the host; mounts stay the test's own. */
  run(...command: string[]): Promise<Output> {
    return run(["nsenter", `--net=${this.path}`, ...command]);
  }

  as(neighbour: Neighbour, ...command: string[]): Promise<Output> {
    return run(["nsenter", `--net=/run/netns/${neighbour.name}`, ...command]);
  }

  spawnAs(neighbour: Neighbour, ...command: string[]) {
    return Bun.spawn(["nsenter", `--net=/run/netns/${neighbour.name}`, ...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
  }

  async close(): Promise<void> {
    for (const { name } of this.neighbours) must(await run(["ip", "netns", "delete", name]));
    must(await run(["ip", "netns", "delete", this.host]));
  }
}
