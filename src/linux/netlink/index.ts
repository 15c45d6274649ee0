export type { CopiedTable, InputCopy } from "./input-copy.ts";
export { formatAddress, formatMac, parseAddress, parseMac } from "./ip-address.ts";
export type { BridgeRequest, Cable, HostLinks, PrefixedAddress } from "./link-operations.ts";
export { LinkThread } from "./link-thread.ts";
export type { NamespaceSurvey } from "./namespace-survey.ts";
export type { AddressInfo, ChildLinkKind, LinkInfo, RouteInfo } from "./rtnetlink.ts";
export { RulesetWatch, type TableOwner } from "./ruleset-watch.ts";
export type { VxlanPeer } from "./vxlan.ts";
