import type { Reference } from "../../spec/reference.ts";
import type { Dockerfile, Instruction, Stage } from "./ast.ts";

/** Where `FROM`, `COPY --from` and `RUN --mount=from=` point. */
export type Source =
  | { readonly kind: "stage"; readonly index: number }
  | {
      readonly kind: "image";
      /** As written. */
      readonly reference: string;
      readonly parsed: Reference;
      /** A stage or context with nearly that name: for the error when there is no such image. */
      readonly meant?: string;
    }
  /** Of `--build-context`. */
  | { readonly kind: "context"; readonly name: string }
  | { readonly kind: "scratch" };

export interface PlannedStage {
  /** Without instructions where a named context stands in for it. */
  readonly stage: Stage;
  readonly base: Source;
  /** `--platform` of its `FROM`, expanded. */
  readonly platform?: string;
  /** What each `from` that the stage's instructions write stands for. */
  readonly sources: ReadonlyMap<string, Source>;
  /** Stages that must stand first: base and sources. */
  readonly needs: readonly number[];
}

export interface BuildPlan {
  readonly dockerfile: Dockerfile;
  /** Only what the target needs; a stage comes after all that it needs. The target is the last. */
  readonly stages: readonly PlannedStage[];
  readonly target: PlannedStage;
}

export interface PlanOptions {
  /** A stage's name or number; absent is the last. */
  readonly target?: string;
  /** Names of `--build-context`: such a name stands for the context wherever a stage or image could. */
  readonly contexts?: ReadonlySet<string>;
  /** `ONBUILD` of base images, by the index of the stage in which they run. */
  readonly triggers?: ReadonlyMap<number, readonly Instruction[]>;
}
