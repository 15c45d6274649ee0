import { release } from "node:os";
import type { SystemVersion, VersionComponent } from "../../spec/index.ts";
import type { DaemonDescription } from "./daemon-description.ts";

/** Node's name of an architecture → Go's, which clients know. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm",
  ia32: "386",
  riscv64: "riscv64",
  s390x: "s390x",
  ppc64: "ppc64le",
};
export const goArchitecture = (): string => ARCHITECTURES[process.arch] ?? process.arch;

/** What `berth version` shows of the server. */
export function systemVersion(daemon: DaemonDescription): SystemVersion {
  const engine: VersionComponent = {
    Name: "Engine",
    Version: daemon.version,
    Details: {
      ApiVersion: daemon.apiVersion,
      MinAPIVersion: daemon.minApiVersion,
      GitCommit: daemon.commit,
      GoVersion: `bun${Bun.version}`,
      Os: "linux",
      Arch: goArchitecture(),
      KernelVersion: release(),
      BuildTime: daemon.buildTime,
      Experimental: "false",
    },
  };
  const [runtime] = daemon.runtimes;
  const components =
    runtime === undefined
      ? [engine]
      : [
          engine,
          {
            Name: runtime.name,
            Version: runtime.version,
            Details: { GitCommit: runtime.commit, Path: runtime.path },
          },
        ];
  return {
    Platform: { Name: "Berth Engine" },
    Components: components,
    Version: daemon.version,
    ApiVersion: daemon.apiVersion,
    MinAPIVersion: daemon.minApiVersion,
    GitCommit: daemon.commit,
    GoVersion: `bun${Bun.version}`,
    Os: "linux",
    Arch: goArchitecture(),
    KernelVersion: release(),
    BuildTime: daemon.buildTime,
  };
}
