import { parseDigest } from "./digest.ts";
import { invalidArgument } from "./errors.ts";
import type { Digest } from "./ids.ts";

/**
 * An image reference, normalised as Docker does it (distribution/reference, grammar in reference.go):
 * `busybox` is `docker.io/library/busybox`.
 */
export interface Reference {
  /** Registry host with its optional port: `docker.io`, `localhost:5000`. */
  readonly domain: string;
  /** Repository below the host: `library/busybox`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DOMAIN_COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const DOMAIN = new RegExp(
  `^(?:${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`,
);
const PATH_COMPONENT = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const PATH = new RegExp(`^${PATH_COMPONENT}(?:/${PATH_COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DEFAULT_DOMAIN = "docker.io";

/** Parses what a user typed. Throws `invalid-argument` with Docker's words. */
export function parseReference(text: string): Reference {
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw invalidArgument(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
    );
  }
  const [beforeDigest, digestText, ...extra] = text.split("@");
  if (beforeDigest === undefined || extra.length > 0) throw malformed();
  const digest = digestText === undefined ? undefined : parseDigest(digestText);
  const colon = beforeDigest.lastIndexOf(":");
  const hasTag = colon > beforeDigest.lastIndexOf("/");
  const name = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw malformed();
  const { domain, path } = splitName(name);
  if (/[A-Z]/.test(path)) {
    throw invalidArgument(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!DOMAIN.test(domain) || !PATH.test(path)) throw malformed();
  if (domain.length + path.length > 254) {
    throw invalidArgument("repository name must not be more than 255 characters");
  }
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function malformed(): Error {
  return invalidArgument("invalid reference format");
}

function splitName(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const head = name.slice(0, Math.max(slash, 0));
  const isHost =
    slash > 0 && (/[.:]/.test(head) || head === "localhost" || head !== head.toLowerCase());
  const domain = isHost ? head : DEFAULT_DOMAIN;
  const rest = isHost ? name.slice(slash + 1) : name;
  if (domain === "index.docker.io" || domain === DEFAULT_DOMAIN) {
    return {
      domain: DEFAULT_DOMAIN,
      path: rest.includes("/") ? rest : `library/${rest}`,
    };
  }
  return { domain, path: rest };
}

/** Adds `latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined
    ? { ...reference, tag: "latest" }
    : reference;
}

/** `docker.io/library/busybox`: the repository's full name. */
export function repositoryName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `busybox`, `localhost:5000/app`: the repository's name as Docker prints it. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== DEFAULT_DOMAIN) return repositoryName(reference);
  return reference.path.replace(/^library\/(?=[^/]+$)/, "");
}

/** `busybox:latest`, `busybox@sha256:…`: as Docker prints it. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** `docker.io/library/busybox:latest`: the key under which references are stored. */
export function referenceString(reference: Reference): string {
  return repositoryName(reference) + suffix(reference);
}

function suffix(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  return tag + (reference.digest === undefined ? "" : `@${reference.digest}`);
}
