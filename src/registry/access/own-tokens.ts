import {
  exportJWK,
  generateKeyPair,
  importJWK,
  type CryptoKey as JoseKey,
  type JWK,
  jwtVerify,
  SignJWT,
} from "jose";
import type { RegistryStorage } from "../storage/registry-storage.ts";
import { type Authenticator, type Credentials, decodeBasic } from "./access-control.ts";
import { type AccessRule, identityByRules } from "./access-rules.ts";
import { bearerChallenge } from "./external-tokens.ts";
import type { Htpasswd } from "./htpasswd.ts";
import type { Identity } from "./identity.ts";
import { type Grant, grantsFor, identityOfToken } from "./token-claims.ts";

const ALGORITHM = "ES256";
const ISSUER = "berth";
const KEY = "keys/tokens.json";
/** Seconds. */
const REFRESH_LIFETIME = 90 * 24 * 3600;

export interface OwnTokensSettings {
  readonly service: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly rules: readonly AccessRule[];
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly lifetime: number;
  readonly issuedAt: Date;
  readonly grants: readonly Grant[];
}

/** The registry as its own token server. Servers on one storage share the key, so a token holds on all. */
export class OwnTokens implements Authenticator {
  readonly anonymous = undefined;

  private constructor(
    private readonly htpasswd: Htpasswd,
    readonly settings: OwnTokensSettings,
    private readonly privateKey: JoseKey,
    private readonly publicKey: JoseKey,
  ) {}

  static async open(
    storage: RegistryStorage,
    htpasswd: Htpasswd,
    settings: OwnTokensSettings,
  ): Promise<OwnTokens> {
    const { privateKey, publicKey } = await readKey(storage);
    return new OwnTokens(htpasswd, settings, privateKey, publicKey);
  }

  /** A name and password are taken as well, for scripts that know no token servers. */
  async identify({ scheme, value }: Credentials): Promise<Identity | undefined> {
    if (scheme === "basic") return await this.login(value);
    const payload = await this.verify(value, "access");
    if (payload === undefined) return undefined;
    const { allows } = identityByRules(this.settings.rules, payload.sub || undefined);
    return identityOfToken(payload, (repository) => allows(repository, "pull"));
  }

  challenge(origin: string, scope: string, error: string | undefined): string {
    return bearerChallenge(`${origin}/token`, this.settings.service, scope, error);
  }

  /** Undefined for a wrong name or password. */
  async login(basic: string): Promise<Identity | undefined> {
    const login = decodeBasic(basic);
    if (login === undefined || !(await this.htpasswd.verify(login.user, login.password))) {
      return undefined;
    }
    return identityByRules(this.settings.rules, login.user);
  }

  anonymousIdentity(): Identity {
    return identityByRules(this.settings.rules, undefined);
  }

  /** Undefined for one that is forged or too old, or whose user is no longer there. */
  async refresh(token: string): Promise<Identity | undefined> {
    const payload = await this.verify(token, "refresh");
    if (payload?.sub === undefined || !(await this.htpasswd.knows(payload.sub))) return undefined;
    return identityByRules(this.settings.rules, payload.sub);
  }

  /** A token for the part of the wish that the rules allow. */
  async issue(identity: Identity, wanted: readonly Grant[]): Promise<IssuedToken> {
    const { lifetime } = this.settings;
    const grants = grantsFor(identity, wanted);
    const issuedAt = new Date();
    const token = await this.sign({ access: grants }, identity.user, lifetime);
    return { token, lifetime, issuedAt, grants };
  }

  async issueRefreshToken(identity: Identity): Promise<string> {
    return await this.sign({ use: "refresh" }, identity.user, REFRESH_LIFETIME);
  }

  private async sign(
    claims: Record<string, unknown>,
    user = "",
    lifetime: number,
  ): Promise<string> {
    return await new SignJWT({ use: "access", ...claims })
      .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
      .setIssuer(ISSUER)
      .setAudience(this.settings.service)
      .setSubject(user)
      .setIssuedAt()
      .setExpirationTime(`${lifetime} s`)
      .setJti(crypto.randomUUID())
      .sign(this.privateKey);
  }

  private async verify(token: string, use: "access" | "refresh") {
    try {
      const { payload } = await jwtVerify(token, this.publicKey, {
        issuer: ISSUER,
        audience: this.settings.service,
        algorithms: [ALGORITHM],
        requiredClaims: ["exp"],
      });
      return payload["use"] === use ? payload : undefined;
    } catch {
      return undefined;
    }
  }
}

async function readKey(storage: RegistryStorage) {
  const known = await storage.read(KEY);
  if (known === undefined) {
    const pair = await generateKeyPair(ALGORITHM, { extractable: true });
    // Another server may make one at the same moment: the first one stays.
    await storage.create(KEY, JSON.stringify(await exportJWK(pair.privateKey)));
  }
  const bytes = known ?? (await storage.read(KEY));
  const jwk = JSON.parse(Buffer.from(bytes ?? new Uint8Array()).toString()) as JWK;
  const { d: _, ...open } = jwk;
  const privateKey = (await importJWK(jwk, ALGORITHM)) as JoseKey;
  return { privateKey, publicKey: (await importJWK(open, ALGORITHM)) as JoseKey };
}
