import {
  type Dockerfile,
  DockerfileError,
  type LintWarning,
  lintDockerfile,
  platformArguments,
} from "../../build/index.ts";
import {
  type BuildEvent,
  type BuildRequest,
  IgnorePatterns,
  type Platform,
} from "../../spec/index.ts";
import type { BuildContext } from "./build-context.ts";

export interface LintedBuild {
  readonly events: readonly BuildEvent[];
  readonly warnings: readonly LintWarning[];
  /** `# check=error=true`, or a mistake that would fail the build that is only checked. */
  readonly failure?: string;
}

/** What the linter objects to. */
export function lintEvents(
  context: BuildContext,
  parts: {
    dockerfile: Dockerfile;
    request: BuildRequest;
    buildArgs: ReadonlyMap<string, string>;
    platforms: readonly Platform[];
  },
): LintedBuild {
  const { dockerfile, request, buildArgs, platforms } = parts;
  const { host } = context.services.environment;
  const { ignoreFile } = request;
  const { warnings, failure, error } = lintDockerfile(dockerfile, {
    buildArgs,
    platformArgs: platformArguments(platforms[0] ?? host, host),
    ...(ignoreFile === undefined ? {} : { ignore: IgnorePatterns.parse(ignoreFile) }),
  });
  const events = warnings.map((warning) => toEvent(dockerfile, warning));
  const mistake =
    request.check === true && error instanceof DockerfileError ? error.message : undefined;
  const why = failure ?? mistake;
  return { events, warnings, ...(why === undefined ? {} : { failure: why }) };
}

function toEvent(dockerfile: Dockerfile, warning: LintWarning): BuildEvent {
  const { rule, message, url, position } = warning;
  const { line, endLine } = position;
  return {
    type: "warning",
    rule,
    message,
    url,
    position: { file: dockerfile.source.name, line, endLine },
  };
}
