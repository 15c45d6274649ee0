export type * from "./ast.ts";
export { listTargets, locationOf, outlineTarget, sourceText } from "./describe-dockerfile.ts";
export * from "./dockerfile-error.ts";
export {
  type LintOptions,
  type LintResult,
  lintDockerfile,
} from "./lint/lint-dockerfile.ts";
export { type RuleName, ruleDescription, ruleUrl } from "./lint/rules.ts";
export type { LintWarning } from "./lint/warning-list.ts";
export { type ModeChange, parseModeChange } from "./mode-change.ts";
export { parseDockerfile, parseTrigger } from "./parse-dockerfile.ts";
export { fromNames, planStages } from "./plan-stages.ts";
export { BUILDER_ARGS, PROXY_ARGS, platformArguments } from "./predefined-args.ts";
export type * from "./scope.ts";
export type * from "./stage-plan.ts";
export { createGlobalScope } from "./stage-scope.ts";
export { didYouMean, suggest } from "./suggest.ts";
