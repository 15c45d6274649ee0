import { type Digest, splitDigest } from "../../spec/index.ts";

/**
 * Where what is stored. Below `repositories/<name>/` words begin with an underscore, which no component
 * of a name does.
 *
 *     blobs/sha256/ab/<hex>                             a blob, once for all repositories
 *     catalog/<name, / as @>                            the repository exists
 *     repositories/<name>/_blobs/sha256/<hex>           the repository has the blob
 *     repositories/<name>/_manifests/sha256/<hex>       a manifest: a line of JSON, then its bytes
 *     repositories/<name>/_tags/<tag>                   the digest that a tag points to
 *     repositories/<name>/_referrers/sha256/<hex>/…     descriptors of manifests with that subject
 *     uploads/<id>.json                                 an upload's repository and algorithm
 *     gc/lock, gc/sentences/<id>                        collectors at work
 *     webhooks/<id>                                     calls that are still to be made
 */
const hashPath = (digest: Digest): string => splitDigest(digest).join("/");

export function blobKey(digest: Digest): string {
  const [algorithm, hex] = splitDigest(digest);
  return `blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`;
}

export const catalogKey = (name: string): string => `catalog/${name.replaceAll("/", "@")}`;
export const catalogName = (key: string): string => lastWord(key).replaceAll("@", "/");
export const repositoryPrefix = (name: string): string => `repositories/${name}`;
export const linksPrefix = (name: string): string => `repositories/${name}/_blobs`;
export const linkKey = (name: string, digest: Digest): string =>
  `${linksPrefix(name)}/${hashPath(digest)}`;
export const manifestsPrefix = (name: string): string => `repositories/${name}/_manifests`;
export const manifestKey = (name: string, digest: Digest): string =>
  `${manifestsPrefix(name)}/${hashPath(digest)}`;
export const tagsPrefix = (name: string): string => `repositories/${name}/_tags`;
export const tagKey = (name: string, tag: string): string => `${tagsPrefix(name)}/${tag}`;
export const referrersPrefix = (name: string, subject: Digest): string =>
  `repositories/${name}/_referrers/${hashPath(subject)}`;
export const referrerKey = (name: string, subject: Digest, digest: Digest): string =>
  `${referrersPrefix(name, subject)}/${splitDigest(digest).join("-")}`;
export const sessionKey = (id: string): string => `uploads/${id}.json`;

/** The digest of a key that ends with `<algorithm>/<hex>` or `<algorithm>/<ab>/<hex>`. */
export function keyDigest(key: string): Digest {
  const words = key.split("/");
  const hex = words.at(-1) ?? "";
  return `${hex.length === 128 ? "sha512" : "sha256"}:${hex}` as Digest;
}

export const lastWord = (key: string): string => key.slice(key.lastIndexOf("/") + 1);
