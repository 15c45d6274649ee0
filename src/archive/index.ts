export * from "./byte-string.ts";
export * from "./compression.ts";
export { packTree } from "./pack/pack-tree.ts";
export { statPath } from "./pack/stat-path.ts";
export * from "./tar/encode.ts";
export type * from "./tar/entry.ts";
export { TarReader } from "./tar/reader.ts";
export type * from "./tree-options.ts";
export { unpackTar, unpackTarFile } from "./unpack/unpack-tar.ts";
