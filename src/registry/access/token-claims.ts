import type { JWTPayload } from "jose";
import type { Action, Identity } from "./identity.ts";

/** One entry of a token's `access` (Docker's registry documentation, "Token Authentication"). */
export interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const ACTIONS: ReadonlySet<string> = new Set(["pull", "push", "delete"]);

/** `repository:host:5000/a/b:pull,push`: the name may have colons. What is malformed is left out. */
export function parseScopes(scopes: readonly string[]): Grant[] {
  const grants: Grant[] = [];
  for (const scope of scopes.flatMap((text) => text.split(" "))) {
    const [, type, name, actions] =
      /^([a-z0-9]+(?:\([a-z0-9]+\))?):(.+):([a-z*,]*)$/.exec(scope) ?? [];
    if (type === undefined || name === undefined || actions === undefined) continue;
    grants.push({ type, name, actions: actions.split(",").filter((action) => action !== "") });
  }
  return grants;
}

/** What a verified token allows. `sees`: which repositories are in the list, if it allows the list. */
export function identityOfToken(
  payload: JWTPayload,
  sees: (repository: string) => boolean,
): Identity {
  const access = Array.isArray(payload["access"]) ? payload["access"].filter(isGrant) : [];
  const allowed = (type: string, name: string, action: string): boolean =>
    access.some(
      (grant) =>
        grant.type.replace(/\(.*\)$/, "") === type &&
        grant.name === name &&
        (grant.actions.includes(action) || grant.actions.includes("*")),
    );
  return {
    user: payload.sub === undefined || payload.sub === "" ? undefined : payload.sub,
    sees: allowed("registry", "catalog", "*") ? sees : undefined,
    allows: (repository, action) => allowed("repository", repository, action),
  };
}

/** The part of the wish that an identity may have. */
export function grantsFor(identity: Identity, wanted: readonly Grant[]): Grant[] {
  return wanted.flatMap((grant) => {
    if (grant.type === "registry" && grant.name === "catalog") {
      return identity.sees !== undefined ? [{ ...grant, actions: ["*"] }] : [];
    }
    if (!grant.type.startsWith("repository")) return [];
    const asked = grant.actions.includes("*") ? [...ACTIONS] : grant.actions;
    const actions = asked.filter(
      (action) => ACTIONS.has(action) && identity.allows(grant.name, action as Action),
    );
    return actions.length === 0 ? [] : [{ ...grant, actions }];
  });
}

function isGrant(value: unknown): value is Grant {
  const { type, name, actions } = (value ?? {}) as Partial<Grant>;
  return typeof type === "string" && typeof name === "string" && Array.isArray(actions);
}
