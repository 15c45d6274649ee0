import { invalidArgument } from "./errors.ts";
import type { Platform } from "./oci/image.ts";

/**
 * Platforms as users write them (`linux/arm64/v8`, `arm64`, `linux`) and as indexes list them, with the
 * same spellings and the same compatibility as containerd and Docker have.
 */

/** A map, since a client's word may be the name of something that every object has. */
const ARCHITECTURES = new Map<string, readonly [architecture: string, variant?: string]>([
  ["x86_64", ["amd64"]],
  ["x86-64", ["amd64"]],
  ["x64", ["amd64"]],
  ["ia32", ["386"]],
  ["i386", ["386"]],
  ["i686", ["386"]],
  ["aarch64", ["arm64"]],
  ["armhf", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
]);

const KNOWN_SYSTEMS = new Set(["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd"]);

/** Parses `os[/arch[/variant]]` or `arch`; missing parts are the host's. Throws `invalid-argument`. */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw invalidArgument(`"${text}" is an invalid platform: it must be os[/arch[/variant]]`);
  }
  const [first = "", architecture, variant] = parts;
  if (architecture === undefined) {
    return KNOWN_SYSTEMS.has(first)
      ? { ...host, os: first }
      : normalisePlatform({ os: host.os, architecture: first });
  }
  return normalisePlatform({
    os: first,
    architecture,
    ...(variant === undefined ? {} : { variant }),
  });
}

/** One spelling for every platform: `x86_64` is `amd64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`. */
export function normalisePlatform(platform: Platform): Platform {
  const [architecture, implied] = ARCHITECTURES.get(platform.architecture) ?? [
    platform.architecture,
  ];
  const given = (platform.variant ?? "").toLowerCase().replace(/^(?=\d)/, "v") || implied || "";
  const variant = canonicalVariant(architecture, given);
  const { variant: _, ...rest } = platform;
  return {
    ...rest,
    os: platform.os === "macos" ? "darwin" : platform.os,
    architecture,
    ...(variant === "" ? {} : { variant }),
  };
}

function canonicalVariant(architecture: string, variant: string): string {
  if (architecture === "arm64" && variant === "v8") return "";
  if (architecture === "amd64" && variant === "v1") return "";
  if (architecture === "arm" && variant === "") return "v7";
  return variant;
}

/** The platform that this process runs on. */
export function hostPlatform(): Platform {
  const names: Record<string, string> = { x64: "amd64", ia32: "386" };
  const os = process.platform === "win32" ? "windows" : process.platform;
  return normalisePlatform({ os, architecture: names[process.arch] ?? process.arch });
}

/** `linux/arm/v7`. */
export function platformString(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
}

/**
 * How well an image for `offered` runs on `wanted`: 0 is the very same, higher is worse, `undefined` not
 * at all. ARM runs older variants, amd64 runs older levels and 386, arm64 runs 32-bit ARM.
 */
export function platformDistance(wanted: Platform, offered: Platform): number | undefined {
  const want = normalisePlatform(wanted);
  const offer = normalisePlatform(offered);
  if (want.os !== offer.os) return undefined;
  const rank = compatible(want).findIndex(
    (entry) => entry.architecture === offer.architecture && entry.variant === (offer.variant ?? ""),
  );
  return rank < 0 ? undefined : rank;
}

interface Machine {
  architecture: string;
  variant: string;
}

function compatible({ architecture, variant = "" }: Platform): Machine[] {
  if (architecture === "amd64") {
    return [
      ...levels("amd64", Number(variant.slice(1)) || 1, 1, "v1"),
      { architecture: "386", variant: "" },
    ];
  }
  if (architecture === "arm64") {
    const newer = variant === "" ? [] : [{ architecture, variant }];
    return [...newer, { architecture, variant: "" }, ...levels("arm", 8, 5)];
  }
  if (architecture === "arm") return levels("arm", Number(variant.slice(1)) || 7, 5);
  return [{ architecture, variant }];
}

/** No architecture has more; what a stranger writes as a variant may be any number. */
const HIGHEST_LEVEL = 9;

function levels(architecture: string, from: number, to: number, unnamed?: string): Machine[] {
  const machines: Machine[] = [];
  for (let level = Math.min(from, HIGHEST_LEVEL); level >= to; level--) {
    const variant = `v${level}` === unnamed ? "" : `v${level}`;
    machines.push({ architecture, variant });
  }
  return machines;
}
