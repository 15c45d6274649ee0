import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { IgnorePatterns } from "../../spec/ignore-patterns.ts";
import { lintDockerfile } from "./lint/lint-dockerfile.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";
import { planStages } from "./plan-stages.ts";
import { platformArguments } from "./predefined-args.ts";
import { createGlobalScope } from "./stage-scope.ts";

const CORPUS = join(import.meta.dir, "../../../tests/corpus/dockerfiles");
const HOST = { os: "linux", architecture: "amd64" };
const FILES = [...new Glob("*/*/Dockerfile").scanSync({ cwd: CORPUS })].sort();

/** Warnings that are meant: the files are as people write them. */
const WARNINGS: Readonly<Record<string, readonly string[]>> = {
  "classic/c/Dockerfile": ["JSONArgsRecommended"],
  "classic/go/Dockerfile": ["LegacyKeyValueFormat"],
  "classic/java/Dockerfile": ["LegacyKeyValueFormat"],
  "classic/nginx/Dockerfile": ["MaintainerDeprecated"],
  "classic/python/Dockerfile": ["WorkdirRelativePath"],
  "modern/node/Dockerfile": ["UndefinedVar"],
};

describe("the corpus", () => {
  test("is there", () => expect(FILES.length).toBeGreaterThanOrEqual(11));

  test.each(FILES)("%s is read, planned and expanded whole", (path) => {
    const directory = dirname(join(CORPUS, path));
    const dockerfile = parseDockerfile(readFileSync(join(CORPUS, path), "utf8"), path);
    const inputs = { buildArgs: new Map(), platformArgs: platformArguments(HOST, HOST) };
    const globals = createGlobalScope(dockerfile, inputs);
    const { stages } = planStages(dockerfile, globals);
    expect(stages.length).toBeGreaterThan(0);
    for (const { stage } of stages) {
      const scope = globals.stage(["PATH=/bin"]);
      for (const instruction of stage.instructions) {
        const expanded = scope.expand(instruction);
        if (expanded.kind === "ENV" || expanded.kind === "ARG") scope.apply(expanded);
      }
    }
    const ignoreFile = join(directory, ".dockerignore");
    const ignore = existsSync(ignoreFile)
      ? { ignore: IgnorePatterns.parse(readFileSync(ignoreFile, "utf8")) }
      : {};
    const options = { ...inputs, ...ignore, baseEnvironment: () => ["PATH=/bin"] };
    const { warnings, error } = lintDockerfile(dockerfile, options);
    expect(error).toBeUndefined();
    expect(warnings.map(({ rule }) => rule)).toEqual((WARNINGS[path] ?? []) as never);
  });
});
