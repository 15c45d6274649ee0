import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  createLocalJWKSet,
  importSPKI,
  importX509,
  type CryptoKey as JoseKey,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { EngineError } from "../../spec/index.ts";
import type { Authenticator, Credentials } from "./access-control.ts";
import type { Identity } from "./identity.ts";
import { identityOfToken } from "./token-claims.ts";

export interface ExternalTokens {
  /** The token server's URL. */
  readonly realm: string;
  /** What this registry is called there: the tokens' audience. */
  readonly service: string;
  readonly issuer: string;
  /** A JSON Web Key Set, or PEM public keys or certificates. */
  readonly keys: string;
}

/** Only what is signed with a private key: a shared secret has no place in a file of public keys. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"];
const CLOCK_TOLERANCE = 60;

/** Verifies the tokens of another server (Docker's registry documentation, "Token Authentication"). */
export class TokenAuthenticator implements Authenticator {
  readonly anonymous = undefined;

  private constructor(
    private readonly settings: ExternalTokens,
    private readonly keys: readonly JWTVerifyGetKey[],
  ) {}

  static async open(settings: ExternalTokens): Promise<TokenAuthenticator> {
    return new TokenAuthenticator(settings, await readKeys(settings.keys));
  }

  async identify({ scheme, value }: Credentials): Promise<Identity | undefined> {
    if (scheme !== "bearer") return undefined;
    const { issuer, service } = this.settings;
    for (const key of this.keys) {
      try {
        const options = {
          issuer,
          audience: service,
          algorithms: ALGORITHMS,
          clockTolerance: CLOCK_TOLERANCE,
          requiredClaims: ["exp"],
        };
        const { payload } = await jwtVerify(value, key, options);
        return identityOfToken(payload, () => true);
      } catch {
        // Another key may fit; a token that fits none is no identity.
      }
    }
    return undefined;
  }

  challenge(_origin: string, scope: string, error: string | undefined): string {
    return bearerChallenge(this.settings.realm, this.settings.service, scope, error);
  }
}

export function bearerChallenge(
  realm: string,
  service: string,
  scope: string,
  error: string | undefined,
): string {
  const parts = [`realm="${realm}"`, `service="${service}"`];
  if (scope !== "") parts.push(`scope="${scope}"`);
  if (error !== undefined) parts.push(`error="${error}"`);
  return `Bearer ${parts.join(",")}`;
}

async function readKeys(file: string): Promise<JWTVerifyGetKey[]> {
  const text = await readFile(file, "utf8");
  if (text.trimStart().startsWith("{")) {
    return [createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)];
  }
  const blocks = text.match(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g) ?? [];
  if (blocks.length === 0) {
    throw new EngineError(
      "invalid-argument",
      `Cannot read "${file}": no key and no certificate in it`,
    );
  }
  return blocks.map(keyOf);
}

/** The algorithm stands in the token, so the key is made for it when one comes. */
function keyOf(pem: string): JWTVerifyGetKey {
  const made = new Map<string, Promise<JoseKey>>();
  return async ({ alg = "" }) => {
    const known = made.get(alg);
    if (known !== undefined) return await known;
    const key = pem.includes("CERTIFICATE")
      ? importX509(new X509Certificate(pem).toString(), alg)
      : importSPKI(pem, alg);
    made.set(alg, key);
    return await key;
  };
}
