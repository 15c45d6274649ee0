import type { CommandContext } from "../../command.ts";

/** The newest API that the command line speaks. */
const API_VERSION = "1.51";

/** What `version` and `info` say of the command line itself. */
export interface ClientInfo {
  Version: string;
  ApiVersion: string;
  DefaultAPIVersion: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  BuildTime: string;
  Context: string;
}

export async function clientInfo(
  { environment, config, build }: CommandContext,
  daemonApi?: string,
): Promise<ClientInfo> {
  const wanted = environment["DOCKER_API_VERSION"] || API_VERSION;
  const older = daemonApi !== undefined && compareVersions(daemonApi, wanted) < 0;
  return {
    Version: build.version,
    ApiVersion: older ? daemonApi : wanted,
    DefaultAPIVersion: API_VERSION,
    GitCommit: build.commit,
    GoVersion: `bun${Bun.version}`,
    Os: process.platform,
    Arch: process.arch === "x64" ? "amd64" : process.arch,
    BuildTime: build.time,
    Context:
      environment["BERTH_HOST"] || environment["DOCKER_HOST"]
        ? "default"
        : environment["DOCKER_CONTEXT"] || (await config()).currentContext || "default",
  };
}

function compareVersions(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}
