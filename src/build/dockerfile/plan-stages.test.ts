import { describe, expect, test } from "bun:test";
import { parseDockerfile, parseTrigger } from "./parse-dockerfile.ts";
import { planStages } from "./plan-stages.ts";
import type { PlanOptions } from "./stage-plan.ts";
import { createGlobalScope } from "./stage-scope.ts";

function plan(text: string, options: PlanOptions = {}) {
  const dockerfile = parseDockerfile(text);
  const globals = createGlobalScope(dockerfile, { buildArgs: new Map(), platformArgs: new Map() });
  return planStages(dockerfile, globals, options);
}

const order = (text: string, options: PlanOptions = {}) =>
  plan(text, options).stages.map(({ stage }) => stage.index);

const THREE = "FROM a AS one\nFROM b AS two\nFROM c AS three\nCOPY --from=ONE / /\n";

describe("planStages()", () => {
  test("leaves out what the target does not need, and puts needs first", () => {
    expect(order(THREE)).toEqual([0, 2]);
    expect(order(THREE, { target: "Two" })).toEqual([1]);
    expect(order(THREE, { target: "0" })).toEqual([0]);
    expect(plan(THREE).target.stage.name).toBe("three");
  });

  test("follows FROM, COPY --from and RUN --mount, also to stages below", () => {
    const text =
      "FROM a AS x\nCOPY --from=z / /\nFROM x\nRUN --mount=from=y,target=/m true\nFROM b AS y\nFROM c AS z\n";
    expect(order(text, { target: "1" })).toEqual([3, 0, 2, 1]);
  });

  test("tells stages, images, contexts and scratch apart", () => {
    const { target } = plan(
      "FROM a AS one\nFROM scratch\nCOPY --from=one / /\nCOPY --from=0 / /\nCOPY --from=alpine:3 / /\nCOPY --from=src / /\n",
      { contexts: new Set(["src"]) },
    );
    expect(target.base).toEqual({ kind: "scratch" });
    expect(Object.fromEntries(target.sources)).toMatchObject({
      one: { kind: "stage", index: 0 },
      "0": { kind: "stage", index: 0 },
      "alpine:3": { kind: "image", reference: "alpine:3" },
      src: { kind: "context", name: "src" },
    });
  });

  test("a base of a stage's own or a later name is an image", () => {
    expect(plan("FROM alpine AS alpine\n").target.base).toMatchObject({ kind: "image" });
    expect(plan("FROM later\nFROM x AS later\n", { target: "0" }).target.base.kind).toBe("image");
  });

  test("a named context stands in for images, however they are written, and for stages", () => {
    const contexts = new Set(["alpine", "one"]);
    expect(plan("FROM docker.io/library/alpine:latest\n", { contexts }).target.base).toEqual({
      kind: "context",
      name: "alpine",
    });
    const replaced = plan(THREE, { contexts }).stages[0];
    expect(replaced).toMatchObject({ base: { kind: "context", name: "one" }, needs: [] });
    expect(replaced?.stage.instructions).toEqual([]);
  });

  test("ONBUILD of a stage and of an image count as the child's own", () => {
    const text = "FROM a AS dep\nFROM b AS parent\nONBUILD COPY --from=dep / /\nFROM parent\n";
    expect(order(text)).toEqual([1, 0, 2]);
    const triggers = new Map([[1, [parseTrigger("COPY --from=dep / /", "b")]]]);
    expect(order("FROM a AS dep\nFROM b\n")).toEqual([1]);
    expect(order("FROM a AS dep\nFROM b\n", { triggers })).toEqual([0, 1]);
  });

  test("suggests a stage where an image has nearly its name", () => {
    const { target } = plan("FROM a AS builder\nFROM b\nCOPY --from=biulder / /\n");
    expect(target.sources.get("biulder")).toMatchObject({ kind: "image", meant: "builder" });
  });

  test.each([
    [
      "FROM a AS x\nCOPY --from=x / /\n",
      {},
      "Dockerfile:2:1: circular dependency detected on stage: x (x needs x)",
    ],
    ["FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nCOPY --from=x / /\n", {}, "y needs x needs y"],
    ["FROM a\nCOPY --from=3 / /\n", {}, "invalid stage index 3 (stages are 0 to 0)"],
    [
      "FROM a AS build\n",
      { target: "biuld" },
      'target stage "biuld" could not be found (did you mean build?)',
    ],
    ["FROM a AS build\n", { target: "7" }, "(stages are build)"],
    ["FROM a\n", { target: "x" }, "(no stage has a name)"],
    ["FROM A!\n", {}, "invalid reference format"],
    ["FROM a AS one\nFROM b\nCOPY --from=one! / /\n", {}, "did you mean one?"],
  ])("%j %j is an error", (text, options, reason) => {
    expect(() => plan(text, options)).toThrow(reason);
  });

  test("many stages in a row need no deep stack", () => {
    const lines = ["FROM a AS s0"];
    for (let index = 1; index < 2000; index += 1) lines.push(`FROM s${index - 1} AS s${index}`);
    expect(order(lines.join("\n"))).toHaveLength(2000);
  });
});
