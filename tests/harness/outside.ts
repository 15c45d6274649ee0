import { $ } from "bun";
import { must, type Output, run } from "./daemon.ts";

/**
 * A network namespace that stands for another host: a veth pair joins it to this one. Its addresses are
 * from 198.18.0.0/15 (RFC 2544, benchmarking) and 2001:db8::/32 (documentation).
 */
export class OutsideHost {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  /** This host's address on the link between the two. */
  readonly hostAddress: string;
  readonly hostAddress6: string;
  /** This host's end of the link between the two. */
  readonly link: string;

  private constructor(index: number) {
    this.name = `be2e-${process.pid}-${index}`;
    this.link = `bo${process.pid % 100000}x${index}`;
    this.hostAddress = `198.18.${index}.1`;
    this.address = `198.18.${index}.2`;
    this.hostAddress6 = `2001:db8:${index}::1`;
    this.address6 = `2001:db8:${index}::2`;
  }

  static async make(index: number): Promise<OutsideHost> {
    const host = new OutsideHost(index);
    const { name, link } = host;
    await $`ip netns add ${name}`.quiet();
    await $`ip link add ${link} type veth peer name eth0 netns ${name}`.quiet();
    await $`ip addr add ${host.hostAddress}/24 dev ${link}`.quiet();
    await $`ip -6 addr add ${host.hostAddress6}/64 dev ${link} nodad`.quiet();
    // A link-local address would turn up a second later, in the middle of a comparison of the host.
    await $`ip link set ${link} addrgenmode none up`.quiet();
    // Without one at all the kernel would not look for neighbours on behalf of those that it forwards for.
    await $`ip -6 addr add fe80::1/64 dev ${link} nodad`.quiet();
    await $`ip -n ${name} addr add ${host.address}/24 dev eth0`.quiet();
    await $`ip -n ${name} -6 addr add ${host.address6}/64 dev eth0 nodad`.quiet();
    await $`ip -n ${name} link set eth0 up`.quiet();
    await $`ip -n ${name} link set lo up`.quiet();
    return host;
  }

  /** Runs a command as that host. */
  run(...command: string[]): Promise<Output> {
    return run(["ip", "netns", "exec", this.name, ...command]);
  }

  /** Starts a program as that host; end it with `kill`. */
  spawn(...command: string[]) {
    return Bun.spawn(["ip", "netns", "exec", this.name, ...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
  }

  async close(): Promise<void> {
    must(await run(["ip", "link", "delete", this.link]));
    must(await run(["ip", "netns", "delete", this.name]));
  }
}
