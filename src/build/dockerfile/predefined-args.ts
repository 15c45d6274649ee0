import type { Platform } from "../../spec/oci/image.ts";
import { platformString } from "../../spec/platform.ts";

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/** Arguments that every `RUN` sees without an `ARG`, and that no cache key, image or history holds. */
export const PROXY_ARGS: ReadonlySet<string> = new Set(
  PROXIES.flatMap((name) => [name, name.toLowerCase()]),
);

/** Arguments for the builder itself: given without an `ARG`, they are not unused. */
export const BUILDER_ARGS: ReadonlySet<string> = new Set([
  "BUILDKIT_BUILD_NAME",
  "BUILDKIT_CACHE_MOUNT_NS",
  "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
  "BUILDKIT_INLINE_CACHE",
  "BUILDKIT_MULTI_PLATFORM",
  "BUILDKIT_SANDBOX_HOSTNAME",
  "BUILDKIT_SBOM_SCAN_CONTEXT",
  "BUILDKIT_SBOM_SCAN_STAGE",
  "BUILDKIT_SYNTAX",
  "BUILDKIT_DOCKERFILE_CHECK",
  "SOURCE_DATE_EPOCH",
]);

/** `TARGETPLATFORM`, `BUILDARCH` and their like; a stage sees those that it declares. */
export function platformArguments(
  target: Platform,
  build: Platform,
  targetStage = "default",
): ReadonlyMap<string, string> {
  const of = (prefix: string, platform: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, platformString(platform)],
    [`${prefix}OS`, platform.os],
    [`${prefix}ARCH`, platform.architecture],
    [`${prefix}VARIANT`, platform.variant ?? ""],
  ];
  return new Map([...of("TARGET", target), ...of("BUILD", build), ["TARGETSTAGE", targetStage]]);
}
