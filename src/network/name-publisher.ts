import type { NamedEndpoint, NamedSandbox } from "./dns/named-sandbox.ts";
import { isPredefined } from "./endpoint-settings.ts";
import type { SandboxRecord } from "./network-record.ts";
import type { NetworkTable } from "./network-table.ts";
import { isOverlay } from "./overlay/overlay-options.ts";
import type { RelayClient } from "./relay/relay-client.ts";
import { namespacePath, type Sandbox, type SandboxTable } from "./sandbox-table.ts";

const NO_UPSTREAM = { servers: [], ndots: false };

/** `other:alias` of `--link` → alias and other. */
function linkNames(links: readonly string[] | null | undefined): Record<string, string> {
  return Object.fromEntries(
    (links ?? []).map((link) => {
      const [name = "", alias = name] = link.split(":");
      return [alias, name];
    }),
  );
}

/** Names of containers in user-defined networks: served by the relay inside of their namespaces. */
export class NamePublisher {
  readonly #sandboxes: SandboxTable;
  readonly #networks: NetworkTable;
  readonly #relay: RelayClient;
  readonly #pending = new Set<Promise<void>>();

  readonly #remote: () => NamedSandbox[];

  /** `remote`: names of other hosts' containers. */
  constructor(
    sandboxes: SandboxTable,
    networks: NetworkTable,
    relay: RelayClient,
    remote: () => NamedSandbox[],
  ) {
    this.#remote = remote;
    this.#sandboxes = sandboxes;
    this.#networks = networks;
    this.#relay = relay;
  }

  /** Everything that the relay has to serve. */
  wanted(): NamedSandbox[] {
    const own = this.#sandboxes.containerIds().flatMap((id) => {
      const sandbox = this.#sandboxes.get(id);
      return (sandbox === undefined ? undefined : this.#named(sandbox)) ?? [];
    });
    return own.length === 0 ? [] : [...own, ...this.#remote()];
  }

  /** A name on another host, or what has changed of it, in the background. */
  tellRemote(named: NamedSandbox): void {
    // A relay that is started later is told of everything.
    this.#keep(this.#relay.nameIfThere(named));
  }

  forgetRemote(id: string): void {
    this.#keep(this.#relay.unname(id));
  }

  /** The first question of the container is answered once this has resolved. */
  async publish(sandbox: Sandbox): Promise<void> {
    const named = this.#named(sandbox);
    if (named !== undefined) await this.#relay.name(named);
  }

  /** As `publish`, for a sandbox that may have left its last network with names. */
  async refresh(sandbox: Sandbox): Promise<void> {
    const named = this.#named(sandbox);
    if (named !== undefined) await this.#relay.name(named);
    else await this.#relay.unname(sandbox.record.id);
  }

  /** As `publish`, in the background; `settle` waits for it. */
  publishLater(sandbox: Sandbox): void {
    this.#keep(this.publish(sandbox));
  }

  /** Lets go of the namespace, in the background. */
  withdraw(record: SandboxRecord): void {
    if (this.#endpoints(record).length > 0) this.#keep(this.#relay.unname(record.id));
  }

  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #keep(work: Promise<void>): void {
    // A relay that cannot be reached is replaced by one that serves what is wanted.
    const settled = work.catch(() => {});
    this.#pending.add(settled);
    settled.finally(() => this.#pending.delete(settled)).catch(() => {});
  }

  #named(sandbox: Sandbox): NamedSandbox | undefined {
    const { record } = sandbox;
    const endpoints = this.#endpoints(record);
    if (endpoints.length === 0) return undefined;
    const namespace = namespacePath(sandbox);
    // Who is to reach nothing outside must not do so by way of the host either.
    const outside = record.endpoints.some(
      ({ networkId }) => this.#networks.byId(networkId)?.internal === false,
    );
    return {
      id: record.id,
      ...(namespace === undefined ? {} : { namespace }),
      endpoints,
      exposed: record.exposed,
      upstream: (outside ? record.upstream : undefined) ?? NO_UPSTREAM,
    };
  }

  #endpoints({ endpoints, unhealthy }: SandboxRecord): NamedEndpoint[] {
    return endpoints.flatMap((endpoint) => {
      const network = this.#networks.byId(endpoint.networkId);
      if (network === undefined || endpoint.gateway === true || isPredefined(network.name)) {
        return [];
      }
      const { ipv4, ipv6 } = endpoint;
      return {
        networkId: network.id,
        network: network.name,
        names: unhealthy === true && isOverlay(network) ? [] : endpoint.dnsNames,
        ...(ipv4 === undefined ? {} : { ipv4 }),
        ...(ipv6 === undefined ? {} : { ipv6 }),
        links: linkNames(endpoint.wishes.Links),
      };
    });
  }
}
