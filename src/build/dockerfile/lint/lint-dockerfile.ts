import type { CheckDirective, Dockerfile } from "../ast.ts";
import { readCheckOptions } from "../directives.ts";
import { DockerfileError } from "../dockerfile-error.ts";
import { StageLinter, type StageLintOptions } from "./lint-stages.ts";
import { lintStructure } from "./lint-structure.ts";
import { type LintWarning, WarningList } from "./warning-list.ts";

export type LintOptions = StageLintOptions;

export interface LintResult {
  /** In the order of the file. */
  readonly warnings: readonly LintWarning[];
  /** A mistake that would make the build fail. */
  readonly error?: DockerfileError;
  /** `# check=error=true` and there are warnings: the build is to fail with this. */
  readonly failure?: string;
}

/** The build argument that stands for the `check` directive. */
const CHECK_ARG = "BUILDKIT_DOCKERFILE_CHECK";

/** Checks style and common slips with BuildKit's rules. */
export function lintDockerfile(dockerfile: Dockerfile, options: LintOptions): LintResult {
  const asked = checkOptions(dockerfile, options);
  const warnings = new WarningList(dockerfile, asked);
  lintStructure(dockerfile, options.platformArgs, warnings);
  const error = lintStages(dockerfile, options, warnings);
  const found = warnings.inOrder();
  const rules = [...new Set(found.map(({ rule }) => rule))];
  return {
    warnings: found,
    ...(error === undefined ? {} : { error }),
    ...(asked?.error === true && rules.length > 0
      ? { failure: `lint violation found for rules: ${rules.join(", ")}` }
      : {}),
  };
}

function lintStages(
  dockerfile: Dockerfile,
  options: LintOptions,
  warnings: WarningList,
): DockerfileError | undefined {
  try {
    const linter = new StageLinter(dockerfile, options, warnings);
    linter.run();
    return linter.error;
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
}

function checkOptions(
  dockerfile: Dockerfile,
  { buildArgs }: LintOptions,
): CheckDirective | undefined {
  return readCheckOptions(buildArgs.get(CHECK_ARG) ?? "") ?? dockerfile.directives.check;
}
