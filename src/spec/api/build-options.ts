import type { BuildLimits, BuildUlimit } from "./build.ts";
import type { RegistryAuth } from "./image.ts";

/** Docker's classic `POST /build`: its query parameters and headers, read. */
export interface ClassicBuildOptions extends BuildLimits {
  /** `t`. */
  readonly tags: readonly string[];
  readonly dockerfile: string;
  /** A URL or git repository that is the context; the body is empty. */
  readonly remote?: string;
  /** `q`: the image's id is all that is answered. */
  readonly quiet: boolean;
  readonly noCache: boolean;
  readonly pull: boolean;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly networkMode?: string;
  readonly extraHosts: readonly string[];
  readonly platform?: string;
  readonly cacheFrom: readonly string[];
  readonly outputs: readonly {
    readonly type: string;
    readonly attrs: Readonly<Record<string, string>>;
  }[];
  readonly ulimits: readonly BuildUlimit[];
  /** `X-Registry-Config`, by registry host. */
  readonly auth: Readonly<Record<string, RegistryAuth>>;
}
