/**
 * Throws made-up Dockerfiles at the parser for as long as is said: `bun tests/soak/dockerfile-fuzz.ts 3600`
 * (seconds; 10 where nothing is said). Each is read, its variables expanded, its stages planned and its style
 * checked; anything thrown but a `DockerfileError`, and anything that takes longer than a second of the processor, is
 * printed and ends the run with 1.
 */
import fc from "fast-check";
import {
  createGlobalScope,
  DockerfileError,
  lintDockerfile,
  parseDockerfile,
  planStages,
} from "../../src/build/dockerfile/index.ts";
import { dockerfileTexts } from "../../src/build/dockerfile/testing/dockerfile-texts.ts";

const NONE: ReadonlyMap<string, string> = new Map();
const SLOW_MS = 1000;
const BATCH = 2000;

function takeWhole(text: string): void {
  const dockerfile = parseDockerfile(text);
  lintDockerfile(dockerfile, { buildArgs: NONE, platformArgs: NONE });
  const globals = createGlobalScope(dockerfile, { buildArgs: NONE, platformArgs: NONE });
  for (const { stage } of planStages(dockerfile, globals).stages) {
    const scope = globals.stage([]);
    for (const instruction of stage.instructions) {
      const expanded = scope.expand(instruction);
      if (expanded.kind === "ENV" || expanded.kind === "ARG") scope.apply(expanded);
    }
  }
}

const seconds = Number(process.argv[2] ?? 10);
const end = performance.now() + seconds * 1000;
let rounds = 0;
while (performance.now() < end) {
  const seed = Math.trunc(Math.random() * 0x7fffffff);
  fc.assert(
    fc.property(dockerfileTexts(), (text) => {
      const started = process.cpuUsage();
      try {
        takeWhole(text);
      } catch (error) {
        if (!(error instanceof DockerfileError)) throw error;
      }
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000 < SLOW_MS;
    }),
    { numRuns: BATCH, seed },
  );
  rounds += BATCH;
}
console.log(`${rounds} Dockerfiles in ${seconds} s: each read or refused with its line`);
