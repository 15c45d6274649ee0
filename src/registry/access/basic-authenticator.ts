import type { Authenticator, Credentials } from "./access-control.ts";
import { decodeBasic } from "./access-control.ts";
import { type AccessRule, identityByRules } from "./access-rules.ts";
import type { Htpasswd } from "./htpasswd.ts";
import type { Identity } from "./identity.ts";

/** Name and password with every request (RFC 7617). */
export class BasicAuthenticator implements Authenticator {
  readonly anonymous = undefined;

  constructor(
    private readonly htpasswd: Htpasswd,
    private readonly rules: readonly AccessRule[],
    private readonly realm: string,
  ) {}

  async identify({ scheme, value }: Credentials): Promise<Identity | undefined> {
    const login = scheme === "basic" ? decodeBasic(value) : undefined;
    if (login === undefined) return undefined;
    const known = await this.htpasswd.verify(login.user, login.password);
    return known ? identityByRules(this.rules, login.user) : undefined;
  }

  challenge(): string {
    return `Basic realm="${this.realm}"`;
  }
}
