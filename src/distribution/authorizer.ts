import { EngineError, type RegistryAuth } from "../spec/index.ts";
import type { HttpTransport } from "./http-transport.ts";
import { isInsecure, type TlsOptions } from "./registry-config.ts";
import { registryError } from "./registry-error.ts";
import { type AuthChallenge, parseChallenges } from "./www-authenticate.ts";

/** Tokens live this long where the server does not say (distribution's token specification). Seconds. */
const TOKEN_LIFETIME = 60;
const TOKEN_ANSWER_LIMIT = 1 << 20;

interface Token {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Name and password of a registry; `auth` is their old form `base64(name:password)`. */
export function basicCredentials(
  auth: RegistryAuth | undefined,
): { username: string; password: string } | undefined {
  if (auth?.username) return { username: auth.username, password: auth.password ?? "" };
  if (!auth?.auth) return undefined;
  const text = Buffer.from(auth.auth, "base64").toString();
  const colon = text.indexOf(":");
  return colon < 0
    ? undefined
    : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Answers one registry's challenges and remembers what it has got, per scope. */
export class Authorizer {
  private readonly tokens = new Map<string, Promise<Token>>();
  private basic: string | undefined;
  /** What a login asks for: a token to come back with, instead of the password. */
  wantsIdentity = false;
  /** Empty where the token server gave none. */
  identityToken = "";

  constructor(
    private readonly transport: HttpTransport,
    private readonly auth: RegistryAuth | undefined,
    /** Holds for the host of the registry; a token server elsewhere has the usual rules. */
    private readonly registry: { url: string; tls: TlsOptions | undefined },
  ) {}

  /** The `Authorization` header for a scope, as far as it is known without asking. */
  async header(scope: string): Promise<string | undefined> {
    const token = await this.tokens.get(scope);
    return token !== undefined && token.expires > Date.now() ? token.header : this.basic;
  }

  /**
   * Answers the challenge of a 401: after that `header` has something new. False: nothing can be
   * answered. Throws what the token server says.
   */
  async answer(challengeHeader: string, scope: string, signal?: AbortSignal): Promise<boolean> {
    const challenges = parseChallenges(challengeHeader);
    const bearer = challenges.find(
      (challenge) => challenge.scheme === "bearer" && challenge.parameters["realm"],
    );
    if (bearer !== undefined) {
      const pending = this.fetchToken(bearer, scope, signal);
      this.tokens.set(scope, pending);
      pending.catch(() => this.tokens.delete(scope));
      await pending;
      return true;
    }
    const credentials = basicCredentials(this.auth);
    if (credentials === undefined || !challenges.some(({ scheme }) => scheme === "basic")) {
      return false;
    }
    this.basic = basicHeader(credentials);
    return true;
  }

  private async fetchToken(
    challenge: AuthChallenge,
    scope: string,
    signal: AbortSignal | undefined,
  ): Promise<Token> {
    if (this.auth?.registrytoken) {
      return { header: `Bearer ${this.auth.registrytoken}`, expires: Number.POSITIVE_INFINITY };
    }
    const realm = this.realm(challenge);
    const service = challenge.parameters["service"] ?? "";
    const request = this.auth?.identitytoken
      ? refreshRequest(realm, service, scope, this.auth.identitytoken)
      : tokenRequest(realm, service, scope, basicCredentials(this.auth), this.wantsIdentity);
    const own = new URL(this.registry.url).hostname === realm.hostname;
    const response = await this.transport.send({
      ...request,
      tls: own ? this.registry.tls : undefined,
      signal,
    });
    const body = Buffer.from(await response.bytes(TOKEN_ANSWER_LIMIT)).toString();
    if (response.status !== 200) {
      throw registryError(response.status, response.statusText, response.headers, body);
    }
    const answer = parseAnswer(body);
    const identity = answer["refresh_token"];
    if (this.wantsIdentity && typeof identity === "string") this.identityToken = identity;
    return readToken(answer);
  }

  private realm(challenge: AuthChallenge): URL {
    const text = challenge.parameters["realm"] ?? "";
    const realm = URL.parse(text, this.registry.url);
    if (realm === null || !/^https?:$/.test(realm.protocol)) {
      throw new EngineError("unavailable", `invalid token auth challenge realm: ${text}`);
    }
    const secret = this.auth?.identitytoken ?? basicCredentials(this.auth);
    const exposed =
      realm.protocol === "http:" &&
      this.registry.url.startsWith("https:") &&
      !isInsecure(realm.host, []);
    if (secret !== undefined && exposed) {
      throw new EngineError(
        "permission-denied",
        `Cannot send credentials to "${realm.origin}": the connection would not be encrypted`,
      );
    }
    return realm;
  }
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function tokenRequest(
  realm: URL,
  service: string,
  scope: string,
  credentials: { username: string; password: string } | undefined,
  wantsIdentity: boolean,
) {
  const url = new URL(realm);
  if (wantsIdentity) {
    url.searchParams.set("offline_token", "true");
    url.searchParams.set("client_id", "berth");
  }
  if (service !== "") url.searchParams.set("service", service);
  for (const part of scope.split(" ").filter(Boolean)) url.searchParams.append("scope", part);
  if (credentials !== undefined) url.searchParams.set("account", credentials.username);
  const headers = credentials === undefined ? {} : { Authorization: basicHeader(credentials) };
  return { method: "GET" as const, url: url.href, headers };
}

/** OAuth2's refresh_token grant, for what `docker login` got as an identity token. */
function refreshRequest(realm: URL, service: string, scope: string, identityToken: string) {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: identityToken,
    service,
    client_id: "berth",
    scope,
  });
  return {
    method: "POST" as const,
    url: realm.href,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  };
}

function parseAnswer(body: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch (cause) {
    throw new EngineError("unavailable", "unable to decode token response", { cause });
  }
}

function readToken(answer: Record<string, unknown>): Token {
  const token = answer["token"] || answer["access_token"];
  if (typeof token !== "string" || token === "") {
    throw new EngineError(
      "unavailable",
      "authorization server did not include a token in the response",
    );
  }
  const lifetime = Number(answer["expires_in"]) || TOKEN_LIFETIME;
  // Ends a little early, so that no token dies on its way.
  const expires = Date.now() + Math.max(lifetime - 5, 1) * 1000;
  return { header: `Bearer ${token}`, expires };
}
