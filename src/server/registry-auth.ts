import { invalidArgument, type RegistryAuth } from "../spec/index.ts";

const TEXT_FIELDS = [
  "username",
  "password",
  "auth",
  "email",
  "serveraddress",
  "identitytoken",
  "registrytoken",
] as const;

/** Keeps the known fields that are strings. */
export function pickRegistryAuth(value: unknown): RegistryAuth {
  const auth: RegistryAuth = {};
  if (typeof value !== "object" || value === null) return auth;
  for (const field of TEXT_FIELDS) {
    const text = (value as Record<string, unknown>)[field];
    if (typeof text === "string" && text !== "") auth[field] = text;
  }
  return auth;
}

/**
 * `X-Registry-Auth`: base64url JSON. One that cannot be read counts as none, as in Docker, because clients
 * send all kinds of things here when they are not logged in.
 */
export function decodeRegistryAuth(header: string | undefined): RegistryAuth | undefined {
  if (header === undefined || header === "") return undefined;
  try {
    const auth = pickRegistryAuth(JSON.parse(Buffer.from(header, "base64url").toString("utf8")));
    return Object.keys(auth).length > 0 ? auth : undefined;
  } catch {
    return undefined;
  }
}

/** `{"os":"linux","architecture":"amd64"}` → `linux/amd64`, as the JSON form of `platform` is read. */
export function decodePlatform(text: string | undefined): string | undefined {
  if (text === undefined || !text.startsWith("{")) return text;
  let value: { os?: unknown; architecture?: unknown; variant?: unknown };
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidArgument("failed to parse platform: invalid JSON", cause);
  }
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string" || !os || !architecture) {
    throw invalidArgument("both OS and Architecture must be provided");
  }
  return [os, architecture, typeof variant === "string" ? variant : ""].filter(Boolean).join("/");
}
