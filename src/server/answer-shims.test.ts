import { expect, test } from "bun:test";
import type {
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  DiskUsage,
  ImageInspect,
  ImageSummary,
  SystemInfo,
} from "../spec/index.ts";
import { INSPECT_SHIMS, STATS_SHIMS, SUMMARY_SHIMS } from "./routers/containers/answer-shims.ts";
import { IMAGE_SHIMS, IMAGE_SUMMARY_SHIMS } from "./routers/images/answer-shims.ts";
import {
  DISK_USAGE_SHIMS,
  INFO_SHIMS,
  NO_LISTS,
  type OldInfo,
} from "./routers/system/answer-shims.ts";
import { asOf, type VersionShim } from "./version-shims.ts";

const ID = "0123456789ab".padEnd(64, "c");
const inspect = {
  Id: ID,
  Config: { Hostname: "host", OnBuild: null },
  HostConfig: { KernelMemoryTCP: 0, Memory: 1 },
  NetworkSettings: {
    SandboxID: "s",
    Ports: {},
    Bridge: "",
    IPAddress: "10.0.0.2",
    MacAddress: "",
    Networks: { mine: { Aliases: ["web", "host"] }, bridge: { Aliases: null } },
  },
  ImageManifestDescriptor: { digest: "d" },
} as unknown as ContainerInspect;
const summary = {
  HostConfig: { NetworkMode: "none", Annotations: { a: "b" } },
  Health: { Status: "none", FailingStreak: 0 },
} as unknown as ContainerSummary;
const image = {
  Parent: "",
  Author: "me",
  Size: 5,
  Config: { Cmd: null, Env: ["A=b"], User: "", StopSignal: "" },
} as unknown as ImageInspect;
const images = { RepoTags: [], RepoDigests: [], Containers: 3, Size: 5 } as unknown as ImageSummary;
const info = {
  FirewallBackend: { Driver: "nftables" },
  ContainerdCommit: { ID: "" },
  RuncCommit: { ID: "r" },
  InitCommit: { ID: "" },
  RegistryConfig: { Mirrors: [] },
  Runtimes: { crun: { path: "/crun", status: { a: "b" } } },
  SecurityOptions: ["name=seccomp,profile=builtin", "name=cgroupns"],
} as unknown as SystemInfo;
const usage = {
  LayersSize: 5,
  Images: [{ Size: 5 }],
  BuildCache: [{ ID: "x", Parents: ["p", "q"] }],
  ImageUsage: { TotalCount: 1 },
} as unknown as DiskUsage;

/** A path of keys, the versions at which it is looked at, and what stands there (undefined: nothing). */
type Row = [path: string, expected: Record<number, unknown>];

function table<T>(value: T, shims: readonly VersionShim<T>[], rows: readonly Row[]): void {
  const before = structuredClone(value);
  for (const [path, versions] of rows) {
    for (const [version, expected] of Object.entries(versions)) {
      const found = path
        .split(".")
        .reduce<unknown>(
          (item, key) => (item as Record<string, unknown> | undefined)?.[key],
          asOf(Number(version), value, shims),
        );
      expect([path, version, found]).toEqual([path, version, expected]);
    }
  }
  // The engine's own objects are not to be touched.
  expect(value).toEqual(before);
}

test("containers, inspected", () => {
  table(inspect, INSPECT_SHIMS, [
    ["NetworkSettings.IPAddress", { 24: "10.0.0.2", 51: "10.0.0.2", 52: undefined, 56: undefined }],
    ["NetworkSettings.Bridge", { 51: "", 52: undefined }],
    ["NetworkSettings.SandboxID", { 24: "s", 56: "s" }],
    ["Config.OnBuild", { 51: null, 52: undefined }],
    ["HostConfig.KernelMemoryTCP", { 51: 0, 52: undefined }],
    ["HostConfig.Memory", { 24: 1, 56: 1 }],
    ["ImageManifestDescriptor", { 47: undefined, 48: { digest: "d" } }],
    [
      "NetworkSettings.Networks.mine.Aliases",
      { 44: ["web", "host", "0123456789ab"], 45: ["web", "host"] },
    ],
    ["NetworkSettings.Networks.bridge.Aliases", { 24: null, 56: null }],
  ]);
});

test("containers, listed, and their statistics", () => {
  table(summary, SUMMARY_SHIMS, [
    ["Health.Status", { 51: undefined, 52: "none" }],
    ["HostConfig", { 45: { NetworkMode: "none" }, 46: summary.HostConfig }],
  ]);
  table({ os_type: "linux" } as ContainerStats, STATS_SHIMS, [
    ["os_type", { 51: undefined, 52: "linux" }],
  ]);
});

test("images", () => {
  table(image, IMAGE_SHIMS, [
    ["Config.Hostname", { 24: "", 49: "", 50: undefined }],
    ["Config.Tty", { 49: false, 50: undefined }],
    ["Config.Cmd", { 51: null, 52: undefined }],
    ["Config.User", { 51: "", 52: undefined }],
    ["Config.Env", { 24: ["A=b"], 56: ["A=b"] }],
    ["Config.StopSignal", { 56: "" }],
    ["Parent", { 51: "", 52: undefined }],
    ["Author", { 24: "me", 56: "me" }],
    ["ContainerConfig.WorkingDir", { 44: "", 45: undefined }],
    ["Created", { 44: "0001-01-01T00:00:00Z", 45: undefined }],
    ["VirtualSize", { 43: 5, 44: undefined }],
  ]);
  table(images, IMAGE_SUMMARY_SHIMS, [
    ["Containers", { 50: -1, 51: 3 }],
    ["VirtualSize", { 43: 5, 44: undefined }],
    ["RepoTags", { 42: ["<none>:<none>"], 43: [] }],
  ]);
});

test("the system", () => {
  table<OldInfo>(info, INFO_SHIMS, [
    ["KernelMemoryTCP", { 24: false, 51: false, 52: undefined }],
    ["KernelMemory", { 41: false, 42: undefined }],
    ["BridgeNfIptables", { 49: false, 50: undefined }],
    ["FirewallBackend", { 48: undefined, 49: { Driver: "nftables" } }],
    ["RuncCommit", { 48: { ID: "r", Expected: "r" }, 49: { ID: "r" } }],
    ["InitCommit", { 48: { ID: "" } }],
    ["RegistryConfig.AllowNondistributableArtifactsCIDRs", { 46: null, 47: undefined }],
    ["Runtimes.crun.status", { 43: undefined, 44: { a: "b" } }],
    ["SecurityOptions", { 24: ["seccomp", "cgroupns"], 25: info.SecurityOptions }],
  ]);
  table(usage, DISK_USAGE_SHIMS, [
    ["LayersSize", { 51: 5, 52: 5, 53: undefined }],
    ["Images.0.Size", { 24: 5, 52: 5 }],
    ["Images", { 53: undefined }],
    ["ImageUsage", { 51: undefined, 52: { TotalCount: 1 }, 56: { TotalCount: 1 } }],
    ["Images.0.VirtualSize", { 43: 5, 44: undefined }],
    ["BuilderSize", { 41: 0, 42: undefined }],
    ["BuildCache.0.Parent", { 41: "p", 42: undefined }],
    ["BuildCache.0.Parents", { 41: undefined, 42: ["p", "q"] }],
  ]);
  table(usage, [...DISK_USAGE_SHIMS, ...NO_LISTS], [["Images", { 52: undefined }]]);
});
