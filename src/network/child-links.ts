import type { ChildLinkKind } from "../linux/netlink/index.ts";
import { EngineError, invalidArgument, type NetworkCreateRequest, shortId } from "../spec/index.ts";
import type { NetworkRecord, ParentLink } from "./network-record.ts";

/** Modes of macvlan and ipvlan links by their names, with the kernel's numbers (linux/if_link.h). */
const MACVLAN_MODES: Readonly<Record<string, number>> = {
  private: 1,
  vepa: 2,
  bridge: 4,
  passthru: 8,
};
const IPVLAN_MODES: Readonly<Record<string, number>> = { l2: 0, l3: 1, l3s: 2 };
const IPVLAN_FLAGS: Readonly<Record<string, number>> = { bridge: 0, private: 1, vepa: 2 };

export const isChildDriver = (driver: string): driver is "macvlan" | "ipvlan" =>
  driver === "macvlan" || driver === "ipvlan";

/** What the kernel is asked for, for a network of these drivers. */
export function childLinkKind({ driver, options }: NetworkRecord): ChildLinkKind {
  if (driver === "macvlan") {
    return { kind: "macvlan", mode: MACVLAN_MODES[options["macvlan_mode"] || "bridge"] ?? 4 };
  }
  return {
    kind: "ipvlan",
    mode: IPVLAN_MODES[options["ipvlan_mode"] || "l2"] ?? 0,
    flag: IPVLAN_FLAGS[options["ipvlan_flag"] || "bridge"] ?? 0,
  };
}

/** In the modes l3 and l3s there are no neighbours: everything leaves by the link itself. */
export const hasNoGateway = ({ driver, options }: NetworkRecord): boolean =>
  driver === "ipvlan" && (options["ipvlan_mode"] ?? "").startsWith("l3");

/** @throws invalid-argument with Docker's words for modes that there are not */
export function checkChildOptions(
  driver: "macvlan" | "ipvlan",
  options: Record<string, string>,
): void {
  const check = (name: string, known: Readonly<Record<string, number>>, what: string) => {
    const value = options[name];
    if (value === undefined || value === "" || value in known) return;
    throw invalidArgument(
      `requested ${what} '${value}' is not valid, '${Object.keys(known)[0]}' mode is the ${driver} driver default`,
    );
  };
  if (driver === "macvlan") check("macvlan_mode", MACVLAN_MODES, "macvlan mode");
  else {
    check("ipvlan_mode", IPVLAN_MODES, "ipvlan mode");
    check("ipvlan_flag", IPVLAN_FLAGS, "ipvlan flag");
  }
}

/**
 * The parent that a request names (`-o parent=eth0`, `eth0.50` for a VLAN), or an isolated one of our own.
 * @throws permission-denied where another network has it already
 */
export function chooseParent(
  id: string,
  request: NetworkCreateRequest,
  networks: readonly NetworkRecord[],
): ParentLink {
  const wish = request.Options?.["parent"];
  if (!wish || request.Internal === true) return { device: `dm-${shortId(id)}`, own: "isolated" };
  if (!/^[^\s/]{1,15}$/.test(wish)) throw invalidArgument(`invalid parent interface: ${wish}`);
  const other = networks.find(
    ({ parent, driver }) =>
      parent?.device === wish && (driver !== request.Driver || isPassthru(request)),
  );
  if (other !== undefined) {
    throw new EngineError(
      "permission-denied",
      `network ${other.id} is already using parent interface ${wish}`,
    );
  }
  return { device: wish };
}

const isPassthru = ({ Options }: NetworkCreateRequest): boolean =>
  Options?.["macvlan_mode"] === "passthru";
