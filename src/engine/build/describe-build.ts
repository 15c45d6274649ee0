import {
  createGlobalScope,
  type Dockerfile,
  type LintWarning,
  listTargets,
  locationOf,
  outlineTarget,
  platformArguments,
  sourceText,
} from "../../build/index.ts";
import type { BuildRequest, Platform } from "../../spec/index.ts";

/** What the answer of a call goes by in a result's metadata, as with buildx. */
const RESULT = "result.json";

/** What is answered of a Dockerfile instead of building it; `undefined`: it is built. */
export function describeBuild(
  request: BuildRequest,
  parts: {
    readonly dockerfile: Dockerfile;
    readonly buildArgs: ReadonlyMap<string, string>;
    readonly platforms: readonly Platform[];
    readonly host: Platform;
    readonly warnings: readonly LintWarning[];
  },
): Record<string, unknown> | undefined {
  const { dockerfile, buildArgs, platforms, host, warnings } = parts;
  if (request.call === "targets") return { [RESULT]: listTargets(dockerfile) };
  if (request.call === "outline") {
    const platformArgs = platformArguments(platforms[0] ?? host, host);
    const globals = createGlobalScope(dockerfile, { buildArgs, platformArgs });
    const options = {
      buildArgs,
      contexts: new Set(Object.keys(request.contexts ?? {})),
      ...(request.target === undefined ? {} : { target: request.target }),
    };
    return { [RESULT]: outlineTarget(dockerfile, globals, options) };
  }
  if (request.check !== true) return undefined;
  return { [RESULT]: checkResult(dockerfile, warnings) };
}

/** As BuildKit's `subrequests/lint`. */
function checkResult(dockerfile: Dockerfile, warnings: readonly LintWarning[]) {
  const data = Buffer.from(sourceText(dockerfile)).toString("base64");
  return {
    warnings: warnings.map(({ rule, description, message, url, position }) => ({
      ruleName: rule,
      description,
      url,
      detail: message,
      location: locationOf(position),
    })),
    sources: [{ filename: dockerfile.source.name, language: "Dockerfile", data }],
  };
}
