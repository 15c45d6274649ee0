import { credentialsOf } from "../access/access-control.ts";
import type { Identity } from "../access/identity.ts";
import type { OwnTokens } from "../access/own-tokens.ts";
import { parseScopes } from "../access/token-claims.ts";
import { RegistryFault } from "../registry-fault.ts";
import { type Answer, jsonAnswer } from "./answer.ts";
import { type RegistryRequest, smallBody } from "./call.ts";

/** No honest form is longer. */
const FORM_LIMIT = 64 << 10;

/** Docker's registry documentation: "Token Authentication" (GET), "OAuth2 Token Authentication" (POST). */
export async function issueToken(
  tokens: OwnTokens,
  request: RegistryRequest,
  url: URL,
): Promise<Answer> {
  if (request.method === "GET") return await byQuery(tokens, request, url);
  if (request.method === "POST") return await byForm(tokens, request);
  throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.");
}

async function byQuery(tokens: OwnTokens, request: RegistryRequest, url: URL): Promise<Answer> {
  const credentials = credentialsOf(request);
  const identity =
    credentials === undefined
      ? tokens.anonymousIdentity()
      : credentials.scheme === "basic"
        ? await tokens.login(credentials.value)
        : undefined;
  if (identity === undefined) throw wrong();
  const wanted = parseScopes(url.searchParams.getAll("scope"));
  const offline = url.searchParams.get("offline_token") === "true" && identity.user !== undefined;
  return await grant(tokens, identity, wanted, offline);
}

async function byForm(tokens: OwnTokens, request: RegistryRequest): Promise<Answer> {
  const body = await smallBody(request, FORM_LIMIT);
  if (body === undefined) {
    throw new RegistryFault("UNSUPPORTED", "the form is too long", { status: 413 });
  }
  const form = new URLSearchParams(Buffer.from(body).toString());
  const identity = await identityOfForm(tokens, form);
  if (identity === undefined) throw wrong();
  const wanted = parseScopes(form.getAll("scope"));
  return await grant(tokens, identity, wanted, form.get("access_type") === "offline");
}

async function identityOfForm(
  tokens: OwnTokens,
  form: URLSearchParams,
): Promise<Identity | undefined> {
  switch (form.get("grant_type")) {
    case "password": {
      const login = `${form.get("username") ?? ""}:${form.get("password") ?? ""}`;
      return await tokens.login(Buffer.from(login).toString("base64"));
    }
    case "refresh_token":
      return await tokens.refresh(form.get("refresh_token") ?? "");
    default:
      throw new RegistryFault("UNSUPPORTED", "unsupported grant_type", { status: 400 });
  }
}

async function grant(
  tokens: OwnTokens,
  identity: Identity,
  wanted: ReturnType<typeof parseScopes>,
  offline: boolean,
): Promise<Answer> {
  const { token, lifetime, issuedAt, grants } = await tokens.issue(identity, wanted);
  const refresh = offline ? { refresh_token: await tokens.issueRefreshToken(identity) } : {};
  const scope = grants.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`);
  return jsonAnswer({
    token,
    access_token: token,
    expires_in: lifetime,
    issued_at: issuedAt.toISOString(),
    scope: scope.join(" "),
    ...refresh,
  });
}

function wrong(): RegistryFault {
  return new RegistryFault("UNAUTHORIZED", "incorrect username or password");
}
