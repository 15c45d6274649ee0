import { errorMessage } from "../spec/index.ts";
import type { SandboxRecord } from "./network-record.ts";
import type { ServiceParts } from "./service-parts.ts";

/** Clients of published UDP ports are led anew, in the background: a flow that is known goes on for ever. */
export function forgetUdpFlows(
  { wiring, options }: Pick<ServiceParts, "wiring" | "options">,
  { published, endpoints, publisher }: SandboxRecord,
): void {
  if (!published.some(({ protocol }) => protocol === "udp")) return;
  const endpoint = endpoints.find(({ id }) => id === publisher?.endpointId);
  const addresses = [endpoint?.ipv4, endpoint?.ipv6].filter((address) => address !== undefined);
  wiring()
    .forgetUdpFlows(addresses)
    .catch((error: unknown) => {
      options.warn?.(`Cannot forget UDP flows: ${errorMessage(error)}`);
    });
}
