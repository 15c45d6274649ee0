import { credentialsOf } from "../access/access-control.ts";
import type { Identity } from "../access/identity.ts";
import type { OwnTokens } from "../access/own-tokens.ts";
import { parseScopes } from "../access/token-claims.ts";
import { RegistryFault } from "../registry-fault.ts";

/** No honest form is longer. */
const FORM_LIMIT = 64 << 10;

/** Docker's registry documentation: "Token Authentication" (GET), "OAuth2 Token Authentication" (POST). */
export async function issueToken(tokens: OwnTokens, request: Request, url: URL): Promise<Response> {
  if (request.method === "GET") return await byQuery(tokens, request, url);
  if (request.method === "POST") return await byForm(tokens, request);
  throw new RegistryFault("UNSUPPORTED", "The operation is unsupported.");
}

async function byQuery(tokens: OwnTokens, request: Request, url: URL): Promise<Response> {
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
  return await answer(tokens, identity, wanted, offline);
}

async function byForm(tokens: OwnTokens, request: Request): Promise<Response> {
  const length = Number(request.headers.get("content-length") ?? Number.POSITIVE_INFINITY);
  if (!(length <= FORM_LIMIT))
    throw new RegistryFault("UNSUPPORTED", "the form is too long", { status: 413 });
  const form = new URLSearchParams(await request.text());
  const identity = await identityOfForm(tokens, form);
  if (identity === undefined) throw wrong();
  const wanted = parseScopes(form.getAll("scope"));
  return await answer(tokens, identity, wanted, form.get("access_type") === "offline");
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

async function answer(
  tokens: OwnTokens,
  identity: Identity,
  wanted: ReturnType<typeof parseScopes>,
  offline: boolean,
): Promise<Response> {
  const { token, lifetime, issuedAt, grants } = await tokens.issue(identity, wanted);
  const refresh = offline ? { refresh_token: await tokens.issueRefreshToken(identity) } : {};
  const scope = grants.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`);
  return Response.json({
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
