import type { RegistryAuth } from "../../spec/index.ts";
import { parseReference } from "../../spec/reference.ts";
import type { ConfigFile } from "./config-file.ts";

/** The key under which Docker's clients keep the credentials of Docker Hub. */
export const HUB_SERVER = "https://index.docker.io/v1/";

/** The name that credentials for a registry are stored under. */
export function serverName(domain: string): string {
  return domain === "docker.io" || domain === "index.docker.io" ? HUB_SERVER : domain;
}

/** What the configuration file or a credential helper knows for an image's registry. */
export async function credentialsFor(
  config: ConfigFile,
  image: string,
): Promise<RegistryAuth | undefined> {
  const server = serverName(parseReference(image).domain);
  const helper = config.credHelpers?.[server] ?? config.credsStore;
  if (helper !== undefined && helper !== "") return askHelper(helper, server);
  const host = (name: string): string => name.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const entry = Object.entries(config.auths ?? {}).find(
    ([name]) => name === server || host(name) === host(server),
  )?.[1];
  if (entry === undefined) return undefined;
  const decoded = Buffer.from(entry.auth ?? "", "base64")
    .toString()
    .replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  return {
    serveraddress: server,
    ...(colon > 0 ? { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) } : {}),
    ...(entry.identitytoken === undefined ? {} : { identitytoken: entry.identitytoken }),
    ...(entry.registrytoken === undefined ? {} : { registrytoken: entry.registrytoken }),
  };
}

/** A credential helper's answer (docker-credential-helpers, `get`); undefined where it has none. */
async function askHelper(helper: string, server: string): Promise<RegistryAuth | undefined> {
  try {
    const child = Bun.spawn([`docker-credential-${helper}`, "get"], {
      stdin: new Blob([server]),
      stdout: "pipe",
      stderr: "ignore",
    });
    const text = await child.stdout.text();
    if ((await child.exited) !== 0) return undefined;
    const { Username, Secret } = JSON.parse(text) as { Username?: string; Secret?: string };
    if (Username === "<token>") return { serveraddress: server, identitytoken: Secret ?? "" };
    return { serveraddress: server, username: Username ?? "", password: Secret ?? "" };
  } catch {
    return undefined;
  }
}
