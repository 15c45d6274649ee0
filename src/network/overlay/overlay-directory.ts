import type { Change, ClusterSession, Condition } from "../../cluster/index.ts";
import { EngineError } from "../../spec/index.ts";
import type { NetworkRecord } from "../network-record.ts";
import { addressesOf, type OverlayEndpoint } from "./overlay-endpoint.ts";

/** Changed with every change of networks: who decides by what there is decides again when it has changed. */
const GUARD = "guard/networks";
export const NETWORKS = "networks/";
const ATTEMPTS = 20;
/** VXLAN network identifiers have 24 bits; the lowest ones are left to networks that people make by hand. */
const FIRST_VNI = 4097;
const LAST_VNI = 0xff_ffff;

export const endpointsPrefix = (networkId: string): string => `endpoints/${networkId}/`;
const networkKey = (id: string): string => `${NETWORKS}${id}`;
const endpointKey = ({ networkId, id }: OverlayEndpoint): string =>
  `${endpointsPrefix(networkId)}${id}`;
const addressKey = (networkId: string, address: string): string =>
  `addresses/${networkId}/${address}`;

/** What the hosts of a cluster agree on: networks, and who has which address in them. */
export class OverlayDirectory {
  readonly #session: ClusterSession;

  constructor(session: ClusterSession) {
    this.#session = session;
  }

  /**
   * Makes a network that `decide` derives from those that there are; it may be asked again.
   * @throws unavailable while the store is away, and what `decide` throws
   */
  async createNetwork(
    decide: (present: readonly NetworkRecord[], vni: number) => NetworkRecord,
  ): Promise<NetworkRecord> {
    const { store, lease: _ } = this.#session;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const guard = (await store.list(GUARD)).entries[0]?.value;
      const present = await this.networks();
      const network = decide(present, freeVni(present));
      const unchanged: Condition =
        guard === undefined ? { absent: GUARD } : { key: GUARD, value: guard };
      const done = await store.commit(
        [unchanged],
        [
          { put: GUARD, value: network.id },
          { put: networkKey(network.id), value: JSON.stringify(network) },
        ],
      );
      if (done) return network;
    }
    throw new EngineError("unavailable", "too many networks are made at once: try again");
  }

  async networks(): Promise<NetworkRecord[]> {
    const { entries } = await this.#session.store.list(NETWORKS);
    return entries.map(({ value }) => JSON.parse(value) as NetworkRecord);
  }

  /** False: it has endpoints. */
  async removeNetwork(id: string): Promise<boolean> {
    const { store, lease: _ } = this.#session;
    return await store.commit(
      [{ empty: endpointsPrefix(id) }],
      [{ put: GUARD, value: `-${id}` }, { delete: networkKey(id) }],
    );
  }

  async endpoints(networkId: string): Promise<OverlayEndpoint[]> {
    const { entries } = await this.#session.store.list(endpointsPrefix(networkId));
    return entries.map(({ value }) => JSON.parse(value) as OverlayEndpoint);
  }

  /**
   * Takes the endpoint's addresses, for as long as this host's lease lasts. False: somebody has one of
   * them, or the network is gone.
   */
  async claim(endpoint: OverlayEndpoint): Promise<boolean> {
    const { store, lease } = this.#session;
    const keys = addressesOf(endpoint).map((address) => addressKey(endpoint.networkId, address));
    const changes: Change[] = [
      ...keys.map((put) => ({ put, value: endpoint.id, lease })),
      { put: endpointKey(endpoint), value: JSON.stringify(endpoint), lease },
    ];
    const network: Condition = { present: networkKey(endpoint.networkId) };
    const fresh = keys.map((absent): Condition => ({ absent }));
    if (await store.commit([network, ...fresh], changes)) return true;
    // Ours already, of an earlier lease or an attempt whose answer was lost.
    const ours = keys.map((key): Condition => ({ key, value: endpoint.id }));
    return await store.commit([network, ...ours], changes);
  }

  /** Tells the others of an endpoint that has its addresses already. False: it is not there any more. */
  async update(endpoint: OverlayEndpoint): Promise<boolean> {
    const { store, lease } = this.#session;
    const put = endpointKey(endpoint);
    return await store.commit(
      [{ present: put }],
      [{ put, value: JSON.stringify(endpoint), lease }],
    );
  }

  async networkExists(id: string): Promise<boolean> {
    return (await this.#session.store.list(networkKey(id))).entries.length > 0;
  }

  /** Idempotent; an address that somebody else has by now stays theirs. */
  async release(endpoint: OverlayEndpoint): Promise<void> {
    const { store } = this.#session;
    const keys = addressesOf(endpoint).map((address) => addressKey(endpoint.networkId, address));
    const all = [...keys, endpointKey(endpoint)].map((key): Change => ({ delete: key }));
    const ours = keys.map((key): Condition => ({ key, value: endpoint.id }));
    if (await store.commit(ours, all)) return;
    await store.commit([], [{ delete: endpointKey(endpoint) }]);
  }
}

function freeVni(networks: readonly NetworkRecord[]): number {
  const taken = new Set(networks.map(({ overlay }) => overlay?.vni));
  for (let vni = FIRST_VNI; vni <= LAST_VNI; vni++) if (!taken.has(vni)) return vni;
  throw new EngineError("unavailable", "every VXLAN network identifier is taken");
}
