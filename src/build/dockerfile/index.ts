export type * from "./ast.ts";
export * from "./dockerfile-error.ts";
export type * from "./scope.ts";
export type * from "./stage-plan.ts";
