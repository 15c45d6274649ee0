/** What the network calls answer, as schemas. */
import type {
  Network,
  NetworkContainer,
  NetworkCreateResponse,
  NetworkPruneReport,
  NetworkServiceInfo,
  NetworkStatus,
  SubnetStatus,
} from "../../../spec/index.ts";
import { flag, integer, list, map, named, nullable, object, text, word } from "../../decode.ts";
import { ipam } from "./bodies.ts";

const members = map(
  named(
    "EndpointResource",
    object<NetworkContainer>({
      Name: text,
      EndpointID: text,
      MacAddress: text,
      IPv4Address: text,
      IPv6Address: text,
    }),
  ),
);

const networkShape = {
  Name: text,
  Id: text,
  Created: text,
  Scope: word<Network["Scope"]>("local", "swarm", "global"),
  Driver: text,
  EnableIPv4: flag,
  EnableIPv6: flag,
  IPAM: ipam,
  Internal: flag,
  Attachable: flag,
  Ingress: flag,
  ConfigFrom: object<{ Network: string }>({ Network: text }),
  ConfigOnly: flag,
  Containers: members,
  Options: nullable(map(text)),
  Labels: nullable(map(text)),
  Peers: list(object<{ Name: string; IP: string }>({ Name: text, IP: text })),
  Services: map(
    object<NetworkServiceInfo>({
      VIP: text,
      Ports: list(text),
      LocalLBIndex: integer,
      Tasks: list(
        object<NetworkServiceInfo["Tasks"][number]>({
          Name: text,
          EndpointID: text,
          EndpointIP: text,
          Info: map(text),
        }),
      ),
    }),
  ),
};

export const network = named("Network", object<Network>(networkShape));
export const networkInspect = named(
  "NetworkInspect",
  object<Network & { Status: NetworkStatus }>({
    ...networkShape,
    Status: object<NetworkStatus>({
      IPAM: object<NetworkStatus["IPAM"]>({
        Subnets: map(
          named(
            "SubnetStatus",
            object<SubnetStatus>({ IPsInUse: integer, DynamicIPsAvailable: integer }),
          ),
        ),
      }),
    }),
  }),
);
export const networkCreated = named(
  "NetworkCreateResponse",
  object<NetworkCreateResponse>({ Id: text, Warning: text }),
);
export const networksPruned = object<NetworkPruneReport>({ NetworksDeleted: nullable(list(text)) });
