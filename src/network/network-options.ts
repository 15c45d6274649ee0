import { EngineError, invalidArgument } from "../spec/index.ts";
import type { NetworkRecord } from "./network-record.ts";

const PREFIX = "com.docker.network.";

/** An option of a network by its name behind `com.docker.network.`. */
export const networkOption = (
  { options }: Pick<NetworkRecord, "options">,
  name: string,
): string | undefined => options[`${PREFIX}${name}`];

/** How containers of a bridge reach, and are reached from, the outside of their network. */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

const MODES: readonly string[] = ["nat", "nat-unprotected", "routed", "isolated"];

export function gatewayMode(network: Pick<NetworkRecord, "options">, family: 4 | 6): GatewayMode {
  return (networkOption(network, `bridge.gateway_mode_ipv${family}`) as GatewayMode) || "nat";
}

/** Links of the host whose traffic reaches every port of the containers. */
export const trustedInterfaces = (network: Pick<NetworkRecord, "options">): string[] =>
  (networkOption(network, "bridge.trusted_host_interfaces") ?? "")
    .split(":")
    .filter((name) => name !== "");

const BOOLEANS = [
  "bridge.enable_icc",
  "bridge.enable_ip_masquerade",
  "bridge.inhibit_ipv4",
  "bridge.default_bridge",
];

/** @throws invalid-argument for values that mean nothing to a bridge */
export function checkBridgeOptions(network: Pick<NetworkRecord, "options" | "internal">): void {
  for (const name of BOOLEANS) {
    const value = networkOption(network, name);
    if (value === undefined || /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) {
      continue;
    }
    throw invalidArgument(
      `failed to parse ${PREFIX}${name} value: ${JSON.stringify(value)}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  }
  const mtu = networkOption(network, "driver.mtu");
  if (mtu !== undefined && !(/^\d+$/.test(mtu) && Number(mtu) >= 68 && Number(mtu) <= 65535)) {
    throw invalidArgument(
      `invalid MTU ${JSON.stringify(mtu)}: a number from 68 to 65535 is needed`,
    );
  }
  for (const family of [4, 6] as const) {
    const mode = networkOption(network, `bridge.gateway_mode_ipv${family}`);
    if (mode === undefined || mode === "") continue;
    if (!MODES.includes(mode)) {
      throw new EngineError("invalid-argument", `unknown gateway mode ${mode}`);
    }
    if (mode === "isolated" && !network.internal) {
      throw invalidArgument("gateway mode 'isolated' can only be used for an internal network");
    }
  }
}

const IS_FALSE = /^(?:0|f|F|FALSE|false|False)$/;

export const isOff = (network: Pick<NetworkRecord, "options">, name: string): boolean =>
  IS_FALSE.test(networkOption(network, name) ?? "");

export const isOn = (network: Pick<NetworkRecord, "options">, name: string): boolean => {
  const value = networkOption(network, name) ?? "";
  return value !== "" && !IS_FALSE.test(value);
};
