import type { FlagValues } from "../cli/flags/flag.ts";
import { bool, int, list, string } from "../cli/flags/flag-kinds.ts";

/** What stands between `compose` and the command's name. */
export const composeFlags = {
  "all-resources": bool("Include all resources, even those not used by services"),
  ansi: string('Control when to print ANSI control characters ("never"|"always"|"auto")', {
    initial: "auto",
  }),
  compatibility: bool("Run compose in backward compatibility mode"),
  "dry-run": bool("Execute command in dry run mode"),
  "env-file": list("Specify an alternate environment file"),
  file: list("Compose configuration files", { short: "f" }),
  "insecure-registry": list("Registries of Compose files that speak plain HTTP", { hidden: true }),
  "no-ansi": bool("Do not print ANSI control characters (DEPRECATED)", { hidden: true }),
  parallel: int("Control max parallelism, -1 for unlimited", { initial: -1 }),
  profile: list("Specify a profile to enable"),
  progress: string("Set type of progress output (auto, tty, plain, json, quiet)"),
  "project-directory": string(
    "Specify an alternate working directory (default: the path of the, first specified, Compose file)",
  ),
  "project-name": string("Project name", { short: "p" }),
  verbose: bool("Show more output", { hidden: true }),
  workdir: string("", { hidden: true }),
};

export type ComposeFlagValues = FlagValues<typeof composeFlags>;
