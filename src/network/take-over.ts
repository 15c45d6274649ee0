import { conflict } from "../spec/index.ts";
import { dnsNames, isPredefined } from "./endpoint-settings.ts";
import type { EndpointRecord, SandboxRecord } from "./network-record.ts";
import type { TakeOverPlace } from "./network-service.ts";
import { keepPorts, portRequests } from "./port-request.ts";
import { replacePortRules } from "./replace-port-rules.ts";
import { publisherOf } from "./sandbox-plan.ts";
import type { Sandbox } from "./sandbox-table.ts";
import type { ServiceParts } from "./service-parts.ts";
import { forgetUdpFlows } from "./udp-flows.ts";

/** `NetworkService.takeOver`. */
export async function takeOver(
  parts: ServiceParts,
  from: string,
  to: string,
  place: TakeOverPlace,
): Promise<void> {
  const [giver, taker] = [joined(parts, from), joined(parts, to)];
  const before = [giver.record, taker.record];
  await takePorts(parts, giver, taker, place);
  passNames(parts, giver, taker, place.aliases);
  replacePortRules(parts, before, [giver.record, taker.record]);
  const [old] = before;
  if (old !== undefined) forgetUdpFlows(parts, old);
  await Promise.all([parts.names.refresh(taker), parts.names.refresh(giver)]);
  for (const { record } of [taker, giver]) parts.overlay()?.announce(record);
}

function joined({ sandboxes }: ServiceParts, containerId: string): Sandbox {
  const sandbox = sandboxes.get(containerId);
  if (sandbox !== undefined) return sandbox;
  throw conflict(`container ${containerId} is not running`);
}

async function takePorts(
  { publisher, sandboxes, networks }: ServiceParts,
  giver: Sandbox,
  taker: Sandbox,
  { portBindings, publishAll, exposedPorts }: TakeOverPlace,
): Promise<void> {
  const [old, current] = [giver.record, taker.record];
  const asked = portRequests(portBindings, publishAll, exposedPorts);
  const previous = [...current.portRequests, ...old.portRequests];
  const requests = keepPorts(asked, previous, [...current.published, ...old.published]);
  const exposed = requests.map((port) => `${port.containerPort}/${port.protocol}`);
  const plug = publisherOf(current, networks.of(current.endpoints));
  const change: Partial<SandboxRecord> = {
    portRequests: requests,
    published: [],
    exposed: [...new Set([...exposedPorts, ...exposed])],
  };
  if (plug !== undefined && requests.length > 0) {
    const wanted = { ...current, portRequests: requests };
    change.published = await publisher.hold(wanted, plug.endpoint, plug.network, old);
    change.publisher = { endpointId: plug.endpoint.id, bridge: plug.network.device ?? "" };
  } else publisher.withdraw(old);
  sandboxes.unpublish(giver, { portRequests: [] });
  sandboxes.update(taker, change);
}

/** The taker is called what it asks for; the giver is not called that any more in the same networks. */
function passNames(
  { sandboxes, networks }: ServiceParts,
  giver: Sandbox,
  taker: Sandbox,
  aliases: Record<string, string[]>,
): void {
  const wanted = (networkId: string): string[] | undefined => {
    const name = networks.byId(networkId)?.name ?? "";
    return isPredefined(name) ? undefined : aliases[name];
  };
  const { containerId, containerName: name, hostname } = taker.record;
  const named = (endpoint: EndpointRecord): EndpointRecord => {
    const names = wanted(endpoint.networkId);
    if (names === undefined) return endpoint;
    return {
      ...endpoint,
      wishes: { ...endpoint.wishes, Aliases: names },
      dnsNames: dnsNames({ containerId, name, hostname }, names),
    };
  };
  const unnamed = (endpoint: EndpointRecord): EndpointRecord => {
    const taken = wanted(endpoint.networkId) ?? [];
    const kept = endpoint.wishes.Aliases?.filter((alias) => !taken.includes(alias));
    return {
      ...endpoint,
      ...(kept === undefined ? {} : { wishes: { ...endpoint.wishes, Aliases: kept } }),
      dnsNames: endpoint.dnsNames.filter((known) => !taken.includes(known)),
    };
  };
  sandboxes.update(taker, { endpoints: taker.record.endpoints.map(named) });
  sandboxes.update(giver, { endpoints: giver.record.endpoints.map(unnamed) });
}
