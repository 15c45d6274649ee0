import { RegistryFault } from "../registry-fault.ts";
import { everybodyMayAll, type Identity, type Need } from "./identity.ts";

export interface Credentials {
  readonly scheme: "basic" | "bearer";
  readonly value: string;
}

/** What a request says of who asks. */
export interface WithHeaders {
  readonly headers: { get(name: string): string | null };
}

/** A way to find out who asks. */
export interface Authenticator {
  /** Undefined for credentials that are not good. */
  identify(credentials: Credentials): Promise<Identity | undefined>;
  readonly anonymous: Identity | undefined;
  /** The WWW-Authenticate header; `error` is `invalid_token` or `insufficient_scope` (RFC 6750). */
  challenge(origin: string, scope: string, error: string | undefined): string;
}

/** Decides on each request. Throws UNAUTHORIZED where other credentials could help, else DENIED. */
export class AccessControl {
  constructor(private readonly authenticator: Authenticator | undefined) {}

  /** For `/v2/`: clients learn here how to log in, so anonymous is answered with a challenge. */
  async requireLogin(request: WithHeaders, origin: string): Promise<void> {
    if (this.authenticator === undefined) return;
    const credentials = credentialsOf(request);
    const identity = credentials && (await this.authenticator.identify(credentials));
    if (identity === undefined) throw this.unauthorized(origin, "", credentials);
  }

  /**
   * Who asks, if the needs are met. `wanted` is what the challenge asks for: clients keep the token for
   * more than one request.
   */
  async require(
    request: WithHeaders,
    origin: string,
    needs: readonly Need[],
    wanted = needs,
  ): Promise<Identity> {
    const { identity, credentials } = await this.identify(request, origin, scopeOf(wanted));
    const met = needs.every(({ repository, actions }) =>
      actions.every((action) => identity.allows(repository, action)),
    );
    if (met) return identity;
    throw this.refusal(origin, scopeOf(wanted), credentials);
  }

  async requireCatalog(request: WithHeaders, origin: string): Promise<Identity> {
    const scope = "registry:catalog:*";
    const { identity, credentials } = await this.identify(request, origin, scope);
    if (identity.sees !== undefined) return identity;
    throw this.refusal(origin, scope, credentials);
  }

  private async identify(request: WithHeaders, origin: string, scope: string) {
    const { authenticator } = this;
    if (authenticator === undefined) return { identity: everybodyMayAll, credentials: undefined };
    const credentials = credentialsOf(request);
    const identity =
      credentials === undefined
        ? authenticator.anonymous
        : await authenticator.identify(credentials);
    if (identity === undefined) throw this.unauthorized(origin, scope, credentials);
    return { identity, credentials };
  }

  private refusal(origin: string, scope: string, credentials: Credentials | undefined) {
    // A token can be changed for one of a wider scope; a password is as good as it gets.
    if (credentials?.scheme === "basic") {
      return new RegistryFault("DENIED", "requested access to the resource is denied");
    }
    return this.unauthorized(origin, scope, credentials, "insufficient_scope");
  }

  private unauthorized(
    origin: string,
    scope: string,
    credentials: Credentials | undefined,
    error = "invalid_token",
  ) {
    const problem = credentials === undefined ? undefined : error;
    const challenge = this.authenticator?.challenge(origin, scope, problem) ?? "";
    return new RegistryFault("UNAUTHORIZED", "authentication required", {
      headers: { "WWW-Authenticate": challenge },
    });
  }
}

/** `repository:a/b:pull,push repository:c:pull` */
function scopeOf(needs: readonly Need[]): string {
  return needs
    .map(({ repository, actions }) => `repository:${repository}:${actions.join(",")}`)
    .join(" ");
}

export function credentialsOf(request: WithHeaders): Credentials | undefined {
  const header = request.headers.get("authorization");
  const [, scheme = "", value = ""] = /^(\w+)\s+(\S+)\s*$/.exec(header ?? "") ?? [];
  const word = scheme.toLowerCase();
  if (word === "basic" || word === "bearer") return { scheme: word, value };
  return undefined;
}

export function decodeBasic(value: string): { user: string; password: string } | undefined {
  const text = Buffer.from(value, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
