import type { NetworkCreateRequest } from "../../spec/index.ts";
import type { EndpointRecord, NetworkRecord } from "../network-record.ts";
import type { NetworkTable } from "../network-table.ts";
import { isOverlay } from "./overlay-options.ts";

/** Docker's name for it. */
const NAME = "docker_gwbridge";
const REQUEST: NetworkCreateRequest = {
  Name: NAME,
  Driver: "bridge",
  Options: {
    "com.docker.network.bridge.enable_icc": "false",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
  },
};

/**
 * The bridge by which containers of overlay networks reach the outside of their host, and by which their
 * ports are published. It is made with the first such container.
 */
export class GatewayNetwork {
  readonly #networks: NetworkTable;
  readonly #create: (request: NetworkCreateRequest) => Promise<unknown>;
  readonly #remove: (id: string) => Promise<void>;
  readonly #inUse: (id: string) => boolean;
  #making: Promise<unknown> | undefined;

  constructor(
    networks: NetworkTable,
    doing: {
      create: (request: NetworkCreateRequest) => Promise<unknown>;
      remove: (id: string) => Promise<void>;
      inUse: (id: string) => boolean;
    },
  ) {
    this.#networks = networks;
    this.#create = doing.create;
    this.#remove = doing.remove;
    this.#inUse = doing.inUse;
  }

  /** Does a container with these endpoints lack a way to the outside that it is to have? */
  lacking(endpoints: readonly EndpointRecord[]): boolean {
    const networks = endpoints.flatMap(({ networkId }) => this.#networks.byId(networkId) ?? []);
    const outside = (network: NetworkRecord): boolean =>
      !isOverlay(network) &&
      !network.internal &&
      (network.device !== undefined || network.parent !== undefined);
    return networks.some((one) => isOverlay(one) && !one.internal) && !networks.some(outside);
  }

  async network(): Promise<NetworkRecord> {
    const present = this.#networks.byName(NAME);
    if (present !== undefined) return present;
    this.#making ??= this.#create(REQUEST).finally(() => {
      this.#making = undefined;
    });
    await this.#making;
    return this.#networks.find(NAME);
  }

  async removeUnused(): Promise<void> {
    const present = this.#networks.byName(NAME);
    if (present !== undefined && !this.#inUse(present.id)) await this.#remove(present.id);
  }
}
