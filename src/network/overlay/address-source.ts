import { EngineError } from "../../spec/index.ts";
import type { AddressSource } from "../sandbox-plan.ts";
import type { ServiceParts } from "../service-parts.ts";
import { isOverlay, NO_CLUSTER } from "./overlay-options.ts";

/** Addresses of this host's own networks come from its table, those of overlay networks from the cluster. */
export function addressSource({ networks, overlay }: ServiceParts): AddressSource {
  return {
    assign: (network, draft) => {
      if (!isOverlay(network)) return networks.assign(network.id, draft.id, draft.wishes);
      const driver = overlay();
      if (driver === undefined) throw new EngineError("unavailable", NO_CLUSTER);
      return driver.assign(network, draft);
    },
    giveBack: (endpoint) => {
      const network = networks.byId(endpoint.networkId);
      const driver = network !== undefined && isOverlay(network) ? overlay() : undefined;
      if (driver === undefined) networks.giveBack(endpoint);
      else driver.release(endpoint);
    },
  };
}
