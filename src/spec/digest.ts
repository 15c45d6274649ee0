import { invalidArgument } from "./errors.ts";
import type { ChainId, DiffId, Digest } from "./ids.ts";

const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-zA-Z=_-]+$/;

/** Checks the form of a digest; `sha256` and `sha512` must have their exact length. */
export function parseDigest(text: string): Digest {
  const [algorithm, hex] = splitDigest(text);
  const length = algorithm === "sha256" ? 64 : algorithm === "sha512" ? 128 : undefined;
  const wellFormed =
    DIGEST.test(text) &&
    (length === undefined || (hex.length === length && /^[0-9a-f]+$/.test(hex)));
  if (!wellFormed) throw invalidArgument(`invalid reference format: invalid digest "${text}"`);
  return text as Digest;
}

export function isDigest(text: string): text is Digest {
  return /^sha256:[0-9a-f]{64}$/.test(text) || /^sha512:[0-9a-f]{128}$/.test(text);
}

/** `["sha256", "<hex>"]`. */
export function splitDigest(digest: string): [algorithm: string, hex: string] {
  const colon = digest.indexOf(":");
  return [digest.slice(0, colon), digest.slice(colon + 1)];
}

/** (Bun's own hasher: node:crypto takes 2 ms to load, and every command of the CLI loads this file.) */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(data).digest("hex")}` as Digest;
}

/** ChainID of a stack of layers, lowest first (OCI image-spec, config.md#layer-chainid). */
export function chainId(diffIds: readonly DiffId[]): ChainId {
  const [first, ...rest] = diffIds;
  if (first === undefined) throw invalidArgument("A chain needs at least one layer");
  let chain = first as string;
  for (const diffId of rest) chain = sha256(`${chain} ${diffId}`);
  return chain as ChainId;
}

/** The ChainIDs of every prefix of the stack, lowest first. */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chains: ChainId[] = [];
  for (const diffId of diffIds) {
    const parent = chains.at(-1);
    chains.push(
      (parent === undefined ? diffId : sha256(`${parent} ${diffId}`)) as string as ChainId,
    );
  }
  return chains;
}
