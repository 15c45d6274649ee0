/** Bodies of the network calls. */
import type {
  Ipam,
  IpamPool,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkDisconnectRequest,
} from "../../../spec/index.ts";
import { type Decoder, flag, list, map, named, nullable, object, text } from "../../decode.ts";
import { endpointSettings } from "../containers/bodies.ts";

export const ipam = named(
  "IPAM",
  object<Ipam>({
    Driver: text,
    Options: nullable(map(text)),
    Config: nullable(
      list(
        object<IpamPool>({
          Subnet: text,
          IPRange: text,
          Gateway: text,
          AuxiliaryAddresses: map(text),
        }),
      ),
    ),
  }),
);

export const networkCreateRequest = object<NetworkCreateRequest>(
  {
    Name: text,
    CheckDuplicate: flag,
    Driver: text,
    Scope: text,
    Internal: flag,
    Attachable: flag,
    Ingress: flag,
    ConfigOnly: flag,
    ConfigFrom: object<{ Network: string }>({ Network: text }, { Network: "" }),
    IPAM: ipam as Decoder<Partial<Ipam>>,
    EnableIPv4: flag,
    EnableIPv6: flag,
    Options: nullable(map(text)),
    Labels: nullable(map(text)),
  },
  { Name: "" },
);

export const connectRequest = object<NetworkConnectRequest>(
  { Container: text, EndpointConfig: nullable(endpointSettings) },
  { Container: "" },
);

export const disconnectRequest = object<NetworkDisconnectRequest>(
  { Container: text, Force: flag },
  { Container: "", Force: false },
);
