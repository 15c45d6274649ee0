import { expect, test } from "bun:test";
import fc from "fast-check";
import { DockerfileError } from "./dockerfile-error.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";
import { planStages } from "./plan-stages.ts";
import { createGlobalScope } from "./stage-scope.ts";
import { dockerfileTexts } from "./testing/dockerfile-texts.ts";

const NONE: ReadonlyMap<string, string> = new Map();

/** All that is done with a Dockerfile before anything is built. */
function takeWhole(text: string): void {
  const dockerfile = parseDockerfile(text);
  const globals = createGlobalScope(dockerfile, { buildArgs: NONE, platformArgs: NONE });
  const plan = planStages(dockerfile, globals);
  for (const { stage } of plan.stages) {
    const scope = globals.stage(["PATH=/bin"]);
    for (const instruction of stage.instructions) {
      const expanded = scope.expand(instruction);
      if (expanded.kind === "ENV" || expanded.kind === "ARG") scope.apply(expanded);
    }
  }
}

test("whatever stands in a Dockerfile, it is read or refused with a line of the file", () => {
  fc.assert(
    fc.property(dockerfileTexts(), (text) => {
      try {
        takeWhole(text);
      } catch (error) {
        if (!(error instanceof DockerfileError)) throw error;
        const lines = Math.max(1, text.split("\n").length);
        expect(error.line).toBeWithin(1, lines + 1);
        expect(error.column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1500, seed: 1 },
  );
});

test("positions of instructions are disjoint, in order and within the file", () => {
  fc.assert(
    fc.property(dockerfileTexts(), (text) => {
      let dockerfile: ReturnType<typeof parseDockerfile>;
      try {
        dockerfile = parseDockerfile(text);
      } catch {
        return;
      }
      let last = 0;
      for (const { position, instructions } of dockerfile.stages) {
        for (const each of [position, ...instructions.map((instruction) => instruction.position)]) {
          expect(each.line).toBeGreaterThan(last);
          expect(each.endLine).toBeGreaterThanOrEqual(each.line);
          last = each.endLine;
        }
      }
      expect(last).toBeLessThanOrEqual(dockerfile.source.lines.length);
    }),
    { numRuns: 1500, seed: 2 },
  );
});

test("exec form arguments survive whatever they hold", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (args) => {
      // A line end would end the instruction, and a backslash at its end go on.
      const json = JSON.stringify(args);
      const { stages } = parseDockerfile(`FROM scratch\nRUN ${json}\n`);
      expect(stages[0]?.instructions).toMatchObject([{ command: { form: "exec", args } }]);
    }),
    { numRuns: 500, seed: 3 },
  );
});
