import type { ProbedRuntime } from "../../runtime/index.ts";

/** What `info` and `version` tell of the daemon and cannot see for themselves. */
export interface DaemonDescription {
  dataRoot: string;
  version: string;
  commit: string;
  /** RFC 3339, or empty. */
  buildTime: string;
  apiVersion: string;
  minApiVersion: string;
  debug: boolean;
  /** The default first. */
  runtimes: readonly ProbedRuntime[];
  registry: { mirrors: readonly string[]; insecure: readonly string[] };
  addressPools: readonly { base: string; size: number }[];
}
