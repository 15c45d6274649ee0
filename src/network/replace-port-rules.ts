import { NftablesError } from "../linux/nftables.ts";
import type { SandboxRecord } from "./network-record.ts";
import type { ServiceParts } from "./service-parts.ts";

/** Lets packets through to what `after` publishes in place of what `before` did, from one moment on. */
export function replacePortRules(
  { publisher, applyRules }: Pick<ServiceParts, "publisher" | "applyRules">,
  before: readonly SandboxRecord[],
  after: readonly SandboxRecord[],
): void {
  try {
    publisher.replace(before, after);
  } catch (error) {
    if (!(error instanceof NftablesError)) throw error;
    // Somebody has flushed the host's rules: all of them are made again.
    applyRules();
  }
}
