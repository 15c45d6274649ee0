import { expect, test } from "bun:test";
import { compressionOf, isForeign, parseCompression } from "./layer-compression.ts";

test("parseCompression() takes kinds with the levels that they have", () => {
  expect(parseCompression("gzip")).toEqual({ kind: "gzip", level: undefined });
  expect(parseCompression("gzip:9")).toEqual({ kind: "gzip", level: 9 });
  expect(parseCompression("zstd:22")).toEqual({ kind: "zstd", level: 22 });
  expect(parseCompression("none")).toEqual({ kind: "none", level: undefined });
  for (const text of ["", "xz", "gzip:0", "gzip:10", "zstd:23", "none:1", "gzip:", "zstd:-1"]) {
    expect(() => parseCompression(text)).toThrow(`invalid compression "${text}"`);
  }
});

test("compressionOf() and isForeign() go by the media type", () => {
  const blob = (mediaType: string) => ({ mediaType, digest: "sha256:00" as never, size: 1 });
  const docker = "application/vnd.docker.image.rootfs";
  const oci = "application/vnd.oci.image.layer";
  expect(compressionOf(blob(`${docker}.diff.tar.gzip`))).toBe("gzip");
  expect(compressionOf(blob(`${oci}.v1.tar+zstd`))).toBe("zstd");
  expect(compressionOf(blob(`${oci}.v1.tar`))).toBe("none");
  expect(isForeign(blob(`${docker}.foreign.diff.tar.gzip`))).toBe(true);
  expect(isForeign(blob(`${oci}.nondistributable.v1.tar+gzip`))).toBe(true);
  expect(isForeign(blob(`${oci}.v1.tar+gzip`))).toBe(false);
});
