/**
 * Branded identifiers, so that the compiler refuses a swap. All are strings on the wire.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `algorithm:hex` of a stored blob (OCI image-spec, descriptor.md#digests). */
export type Digest = Branded<"Digest">;
/** Digest of a layer's uncompressed tar (OCI image-spec, config.md#layer-diffid). */
export type DiffId = Branded<"DiffId">;
/** Digest that names a stack of layers (OCI image-spec, config.md#layer-chainid). */
export type ChainId = Branded<"ChainId">;
/** Digest of an image's configuration: Docker's image ID, `sha256:<hex>`. */
export type ImageId = Branded<"ImageId">;
/** 64 lower-case hexadecimal digits. */
export type ContainerId = Branded<"ContainerId">;
/** 64 lower-case hexadecimal digits. */
export type ExecId = Branded<"ExecId">;
/** 64 lower-case hexadecimal digits. */
export type NetworkId = Branded<"NetworkId">;

/** 64 random lower-case hexadecimal digits, never all decimal in the first 12 (they serve as host name). */
export function randomId<T extends Branded<string>>(): T {
  for (;;) {
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
    if (/[a-f]/.test(id.slice(0, 12))) return id as T;
  }
}

/** The 12 digits that Docker prints for an id; a leading `sha256:` is dropped. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
