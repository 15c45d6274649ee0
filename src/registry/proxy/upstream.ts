/** A registry that this one is a cache of. */
export interface UpstreamSettings {
  /** `docker.io`, `ghcr.io`, `10.0.0.5:5000`. */
  readonly registry: string;
  /** Repositories below this one are the upstream's: `hub/library/alpine` is its `library/alpine`. */
  readonly prefix?: string;
  /** Requests for this host are for the upstream: by `Host`, or by containerd's `?ns=`. */
  readonly host?: string;
  readonly login?: { readonly username: string; readonly password: string };
  /** Plain HTTP and certificates of nobody are taken. */
  readonly insecure: boolean;
  /** A tag is not asked for again for so long. Milliseconds. */
  readonly freshFor: number;
}
