import { type Nftables, NftablesError } from "../linux/nftables.ts";
import { errorMessage } from "../spec/index.ts";

const TABLE = "inet firewalld";
/** Accepts and forwards whatever comes from its links; what may come to them is judged by others. */
const ZONE = "trusted";

/** Names of links anywhere in a rule of nft's JSON. */
function linkNames(value: unknown, names: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  if ("match" in value) {
    const { left, right } = value.match as { left?: { meta?: { key?: string } }; right?: unknown };
    if (left?.meta?.key === "iifname" && typeof right === "string") names.add(right);
  }
  for (const part of Object.values(value)) linkNames(part, names);
}

/**
 * firewalld rejects what comes from links that it does not know and that goes elsewhere: containers would
 * reach nothing. Bridges are put into its zone for trusted links, by its own command, as its table may
 * belong to it alone. A bridge that an administrator has put into another zone stays there.
 */
export class Firewalld {
  readonly #nftables: Nftables;
  #trusting: Promise<void> = Promise.resolve();

  constructor(nftables: Nftables) {
    this.#nftables = nftables;
  }

  /** Idempotent; nothing where firewalld does not run. */
  trust(devices: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#known();
      if (known === undefined) return;
      await this.#command(
        "add",
        devices.filter((device) => !known.has(device)),
      );
    });
  }

  /** For bridges that go. */
  forget(devices: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#known();
      if (known === undefined) return;
      await this.#command(
        "remove",
        devices.filter((device) => known.has(device)),
      );
    });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#trusting.then(work);
    this.#trusting = done.catch(() => {});
    await done;
  }

  /** Links that have a zone; undefined without firewalld. */
  #known(): Set<string> | undefined {
    try {
      const names = new Set<string>();
      for (const object of this.#nftables.list(`list table ${TABLE}`)) linkNames(object, names);
      return names;
    } catch (error) {
      if (error instanceof NftablesError && error.missing) return undefined;
      throw error;
    }
  }

  async #command(verb: "add" | "remove", devices: readonly string[]): Promise<void> {
    if (devices.length === 0) return;
    const flags = devices.map((device) => `--${verb}-interface=${device}`);
    try {
      const child = Bun.spawn(["firewall-cmd", "-q", `--zone=${ZONE}`, ...flags], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()]);
      if (code !== 0) throw new Error(said.trim());
    } catch (error) {
      const which = devices.join(", ");
      throw new Error(
        `Cannot ${verb} ${which} ${verb === "add" ? "to" : "from"} firewalld's zone "${ZONE}": ${errorMessage(error)}`,
        { cause: error },
      );
    }
  }
}
