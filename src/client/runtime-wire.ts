import { bunWire } from "./bun-wire.ts";
import type { Wire } from "./wire.ts";

/** Bun's own where it runs: they start faster than node:http, which a command line pays for on every run. */
export const runtimeWire = async (): Promise<Wire> =>
  typeof Bun === "undefined" ? (await import("./node-wire.ts")).nodeWire : bunWire;
