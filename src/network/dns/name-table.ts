import type { NamedEndpoint, NamedSandbox } from "./named-sandbox.ts";

interface NetworkNames {
  /** Endpoints by name in lower case. */
  names: Map<string, Set<Entry>>;
  addresses: Map<string, Entry>;
}

interface Entry {
  endpoint: NamedEndpoint;
  sandbox: NamedSandbox;
}

export interface Addresses {
  ipv4: string[];
  ipv6: string[];
}

/** Who is called what in which network. */
export class NameTable {
  readonly #networks = new Map<string, NetworkNames>();
  readonly #entries = new Map<string, Entry[]>();

  /** In place of what the sandbox was called before. */
  put(sandbox: NamedSandbox): void {
    this.delete(sandbox.id);
    const entries = sandbox.endpoints.map((endpoint) => ({ endpoint, sandbox }));
    for (const entry of entries) {
      const { networkId, names, ipv4, ipv6 } = entry.endpoint;
      const network = this.#networks.get(networkId) ?? { names: new Map(), addresses: new Map() };
      this.#networks.set(networkId, network);
      for (const name of names) {
        const key = name.toLowerCase();
        const same = network.names.get(key) ?? new Set();
        network.names.set(key, same.add(entry));
      }
      for (const address of [ipv4, ipv6]) {
        if (address !== undefined) network.addresses.set(address, entry);
      }
    }
    this.#entries.set(sandbox.id, entries);
  }

  delete(sandboxId: string): void {
    for (const entry of this.#entries.get(sandboxId) ?? []) {
      const { networkId, names, ipv4, ipv6 } = entry.endpoint;
      const network = this.#networks.get(networkId);
      if (network === undefined) continue;
      for (const name of names) {
        const key = name.toLowerCase();
        const same = network.names.get(key);
        same?.delete(entry);
        if (same?.size === 0) network.names.delete(key);
      }
      for (const address of [ipv4, ipv6]) {
        if (address !== undefined && network.addresses.get(address) === entry) {
          network.addresses.delete(address);
        }
      }
      if (network.names.size === 0) this.#networks.delete(networkId);
    }
    this.#entries.delete(sandboxId);
  }

  /**
   * Every address of a name as one sandbox sees it: links first, then its networks in their order, the
   * first one that knows the name. `name.network` names the network. undefined: nobody is called so.
   */
  lookUp(viewer: NamedSandbox, name: string): Addresses | undefined {
    const found = this.#find(viewer, name);
    if (found === undefined) return undefined;
    const all = (family: "ipv4" | "ipv6") =>
      found.flatMap(({ endpoint }) => endpoint[family] ?? []);
    return { ipv4: all("ipv4"), ipv6: all("ipv6") };
  }

  /** How many of a name's containers expose a port: `80/tcp`. */
  exposes(viewer: NamedSandbox, name: string, port: string): boolean {
    const found = this.#find(viewer, name) ?? [];
    return found.some(({ sandbox }) => sandbox.exposed.includes(port));
  }

  /** `name.network` of an address in one of the viewer's networks. */
  nameOf(viewer: NamedSandbox, address: string): string | undefined {
    for (const { networkId, network } of viewer.endpoints) {
      const entry = this.#networks.get(networkId)?.addresses.get(address);
      const name = entry?.endpoint.names[0];
      if (name !== undefined) return `${name}.${network}`;
    }
    return undefined;
  }

  #find(viewer: NamedSandbox, name: string): Entry[] | undefined {
    const wanted = name.toLowerCase();
    for (const endpoint of viewer.endpoints) {
      const names = this.#networks.get(endpoint.networkId)?.names;
      const link = Object.entries(endpoint.links).find(([alias]) => alias.toLowerCase() === wanted);
      const suffix = `.${endpoint.network.toLowerCase()}`;
      const bare = wanted.endsWith(suffix) ? wanted.slice(0, -suffix.length) : wanted;
      const key = link?.[1].toLowerCase();
      const found = (key === undefined ? undefined : names?.get(key)) ?? names?.get(wanted);
      const entries = found ?? names?.get(bare);
      if (entries !== undefined) return [...entries];
    }
    return undefined;
  }
}
