import { invalidArgument, parseReference, type RegistryAuth } from "../spec/index.ts";
import { EndpointSession } from "./endpoint-session.ts";
import { HttpTransport } from "./http-transport.ts";
import { endpointsOf, type RegistryConfig } from "./registry-config.ts";

/**
 * Tries credentials on the registry that they name (`serveraddress`, Docker Hub if empty): what
 * `docker login` asks for. Resolves with an identity token, or an empty text, if they are good;
 * `unauthenticated` if they are not.
 */
export async function checkLogin(
  auth: RegistryAuth,
  options: { config: RegistryConfig; transport?: HttpTransport },
  signal?: AbortSignal,
): Promise<string> {
  const domain = registryDomain(auth.serveraddress ?? "");
  const endpoint = endpointsOf(domain, options.config).at(-1);
  if (endpoint === undefined) throw invalidArgument(`invalid registry "${domain}"`);
  const transport = options.transport ?? new HttpTransport();
  return await new EndpointSession(endpoint, transport, auth).checkCredentials(signal);
}

/** `https://index.docker.io/v1/` → `docker.io`; `host:5000/v2/` → `host:5000`. */
export function registryDomain(address: string): string {
  const host = address.replace(/^https?:\/\//i, "").split("/", 1)[0] ?? "";
  if (host === "" || /^(?:index|registry-1)\.docker\.io$/.test(host)) return "docker.io";
  // The grammar of references says what a host may be.
  const { domain } = parseReference(`${host}/x`);
  if (domain !== host) throw invalidArgument(`invalid registry "${address}"`);
  return host;
}
