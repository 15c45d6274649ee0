import { BUILDER_ARGS, type Dockerfile, PROXY_ARGS } from "../../build/index.ts";

/** Build arguments that no `ARG` declares, and that are not the builder's own. */
export function unusedArguments(
  dockerfile: Dockerfile,
  given: ReadonlyMap<string, string>,
): readonly string[] {
  const declared = new Set(
    dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name)),
  );
  for (const { instructions } of dockerfile.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== "ARG") continue;
      for (const { name } of instruction.args) declared.add(name);
    }
  }
  return [...given.keys()].filter(
    (name) => !declared.has(name) && !PROXY_ARGS.has(name) && !BUILDER_ARGS.has(name),
  );
}
