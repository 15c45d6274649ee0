import type { Firewall } from "./firewall.ts";
import type { NamePublisher } from "./name-publisher.ts";
import type { NetworkRecord } from "./network-record.ts";
import type { NetworkServiceOptions } from "./network-service.ts";
import type { NetworkTable } from "./network-table.ts";
import type { NetworkWiring } from "./network-wiring.ts";
import type { GatewayNetwork } from "./overlay/gateway-network.ts";
import type { OverlayDriver } from "./overlay/overlay-driver.ts";
import type { PortPublisher } from "./port-publisher.ts";
import type { PortElement } from "./ruleset.ts";
import type { SandboxTable } from "./sandbox-table.ts";

/** What the two halves of the service, networks and sandboxes, work with. */
export interface ServiceParts {
  readonly options: NetworkServiceOptions;
  readonly instance: string;
  readonly networks: NetworkTable;
  readonly sandboxes: SandboxTable;
  readonly firewall: Firewall;
  readonly publisher: PortPublisher;
  readonly names: NamePublisher;
  readonly gateway: GatewayNetwork;
  /** Undefined without a cluster, and before the service is started. */
  overlay(): OverlayDriver | undefined;
  /** Throws before the service is started. */
  wiring(): NetworkWiring;
  /** Networks that have links on this host: an overlay network only where it has containers. */
  readonly present: () => NetworkRecord[];
  /** Every published port, for the packet rules. */
  readonly elements: () => PortElement[];
  /** Makes the packet rules agree with the records. */
  applyRules(): void;
}
