import { describe, expect, test } from "bun:test";
import { IgnorePatterns } from "../../../spec/ignore-patterns.ts";
import { parseDockerfile } from "../parse-dockerfile.ts";
import { platformArguments } from "../predefined-args.ts";
import { type LintOptions, lintDockerfile } from "./lint-dockerfile.ts";
import { RULES, type RuleName, ruleUrl } from "./rules.ts";

const HOST = { os: "linux", architecture: "amd64" };

function lint(text: string, options: Partial<LintOptions> = {}) {
  return lintDockerfile(parseDockerfile(text), {
    buildArgs: new Map(),
    platformArgs: platformArguments(HOST, HOST),
    baseEnvironment: () => ["PATH=/bin"],
    ...options,
  });
}

/** `rule:line` of each warning. */
const found = (text: string, options: Partial<LintOptions> = {}): string[] =>
  lint(text, options).warnings.map(({ rule, position }) => `${rule}:${position.line}`);

const CASES: readonly [rule: RuleName, bad: string, line: number, message: string, good: string][] =
  [
    [
      "StageNameCasing",
      "FROM a AS Build\n",
      1,
      "Stage name 'Build' should be lowercase",
      "FROM a AS build\n",
    ],
    [
      "FromAsCasing",
      "FROM a as b\n",
      1,
      "'as' and 'FROM' keywords' casing do not match",
      "from a as b\n",
    ],
    [
      "NoEmptyContinuation",
      "FROM a\nRUN b \\\n\n c\n",
      2,
      "Empty continuation line",
      "FROM a\nRUN b \\\n # x\n c\n",
    ],
    [
      "ConsistentInstructionCasing",
      "FROM a\nrun b\nUSER c\n",
      2,
      "Command 'run' should match the case of the command majority (uppercase)",
      "from a\nrun b\n",
    ],
    [
      "DuplicateStageName",
      "FROM a AS b\nFROM c AS b\n",
      2,
      'Duplicate stage name "b", stage names should be unique',
      "FROM a AS b\nFROM c AS d\n",
    ],
    [
      "ReservedStageName",
      "FROM a AS context\n",
      1,
      'Stage name should not use the same name as reserved stage "context"',
      "FROM a AS ctx\n",
    ],
    [
      "JSONArgsRecommended",
      "FROM a\nENTRYPOINT b\n",
      2,
      "JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals",
      'FROM a\nSHELL ["bash", "-c"]\nCMD b\n',
    ],
    [
      "MaintainerDeprecated",
      "FROM a\nMAINTAINER b\n",
      2,
      "Maintainer instruction is deprecated in favor of using label",
      "FROM a\nLABEL b=c\n",
    ],
    [
      "UndefinedArgInFrom",
      "ARG VERSION=1\nFROM a:$VERSIO\n",
      2,
      "FROM argument 'VERSIO' is not declared (did you mean VERSION?)",
      "ARG VERSION\nFROM a$VERSION\n",
    ],
    [
      "WorkdirRelativePath",
      "FROM a\nWORKDIR b\n",
      2,
      'Relative workdir "b" can have unexpected results if the base image changes',
      "FROM a\nWORKDIR /b\nWORKDIR c\n",
    ],
    [
      "UndefinedVar",
      "FROM a\nARG SOURCE\nCOPY $SORCE /b\n",
      3,
      "Usage of undefined variable '$SORCE'",
      "FROM a\nARG SOURCE\nCOPY x$SOURCE $PATH\n",
    ],
    [
      "MultipleInstructionsDisallowed",
      'FROM a\nCMD ["b"]\nCMD ["c"]\n',
      2,
      "Multiple CMD instructions should not be used in the same stage because only the last one will be used",
      'FROM a\nCMD ["b"]\nFROM c\nCMD ["d"]\n',
    ],
    [
      "LegacyKeyValueFormat",
      "FROM a\nENV b c\n",
      2,
      '"ENV key=value" should be used instead of legacy "ENV key value" format',
      "FROM a\nENV b=c\n",
    ],
    [
      "RedundantTargetPlatform",
      "FROM --platform=$TARGETPLATFORM a\n",
      1,
      "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
      "FROM --platform=$BUILDPLATFORM a\n",
    ],
    [
      "SecretsUsedInArgOrEnv",
      "FROM a\nENV AWS_SECRET_ACCESS=b\n",
      2,
      'Do not use ARG or ENV instructions for sensitive data (ENV "AWS_SECRET_ACCESS")',
      "FROM a\nARG PUBLIC_KEY\nENV KEYBOARD=b\n",
    ],
    [
      "InvalidDefaultArgInFrom",
      "ARG TAG\nFROM a:$TAG\n",
      2,
      "Default value for ARG a:$TAG results in empty or invalid base image name",
      "ARG TAG=1\nFROM a:$TAG\n",
    ],
    [
      "FromPlatformFlagConstDisallowed",
      "FROM --platform=linux/arm64 a\n",
      1,
      'FROM --platform flag should not use constant value "linux/arm64"',
      "FROM --platform=linux/arm64 a AS b-arm64\n",
    ],
    [
      "InvalidDefinitionDescription",
      "# check=experimental=all\n# other\nFROM a AS b\n",
      3,
      "Comment for FROM should follow the format: `# b <description>`",
      "# check=experimental=all\n# b is good\nFROM a AS b\n",
    ],
    [
      "ExposeProtoCasing",
      "FROM a\nEXPOSE 80/TCP\n",
      2,
      "Defined protocol '80/TCP' in EXPOSE instruction should be lowercase",
      "FROM a\nEXPOSE 80/tcp\n",
    ],
    [
      "ExposeInvalidFormat",
      "FROM a\nEXPOSE 127.0.0.1:80:80\n",
      2,
      "EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80'",
      "FROM a\nEXPOSE 80\n",
    ],
  ];

describe("lintDockerfile()", () => {
  test.each(CASES)("%s", (rule, bad, line, message, good) => {
    expect(lint(bad).warnings.filter((each) => each.rule === rule)).toMatchObject([
      { rule, message, position: { line } },
    ]);
    expect(found(good)).not.toContainEqual(expect.stringContaining(rule));
  });

  test("CopyIgnoredFile", () => {
    const ignore = IgnorePatterns.parse("*.log\ntmp\n");
    const text =
      "FROM a\nCOPY x.log /\nADD ./tmp/y https://c/z.log /\nCOPY . /\nCOPY --from=b x.log /\n";
    expect(lint(text, { ignore }).warnings.map(({ message }) => message)).toEqual([
      'Attempting to Copy file "x.log" that is excluded by .dockerignore',
      'Attempting to Add file "tmp/y" that is excluded by .dockerignore',
    ]);
    expect(found("FROM a\nCOPY . /\n", { ignore: IgnorePatterns.parse("*") })).toEqual([
      "CopyIgnoredFile:2",
    ]);
    expect(
      found("FROM a\nCOPY x.log /\n", { ignore: IgnorePatterns.parse("*.log\n!y.log") }),
    ).toEqual([]);
  });

  test("a clean file has no warnings", () => {
    const text = [
      "ARG V=1",
      "FROM --platform=$BUILDPLATFORM golang:$V AS build",
      "ARG TARGETOS TARGETARCH",
      "WORKDIR /src",
      "COPY . .",
      "RUN GOOS=$TARGETOS go build",
      "FROM scratch",
      "COPY --from=build /src/app /app",
      'ENTRYPOINT ["/app"]',
    ].join("\n");
    expect(lint(text)).toEqual({ warnings: [] });
  });

  test("an ARG of one stage is none of another, but of those that stand on it", () => {
    expect(found("FROM a AS b\nARG X\nFROM c\nUSER u$X\nFROM b\nUSER v$X\n")).toEqual([
      "UndefinedVar:4",
    ]);
  });

  test("where the base's variables are unknown only slips are told", () => {
    const text = "FROM a\nARG SOURCE_DIR\nARG Q=1\nUSER u$NODE_VERSION\nUSER u$SOURCE_DR$QQ\n";
    expect(found(text, { baseEnvironment: () => undefined })).toEqual([]);
    expect(
      lint("FROM a\nENV SOURCE_DIR=/a\nCOPY x $SOURCE_DR\n", { baseEnvironment: () => undefined })
        .warnings,
    ).toMatchObject([
      { message: "Usage of undefined variable '$SOURCE_DR' (did you mean $SOURCE_DIR?)" },
    ]);
  });

  test("rules are turned off for the file, by a build argument, and for one instruction", () => {
    const body = "FROM a\nMAINTAINER b\nCMD c\n";
    expect(found(`# check=skip=MaintainerDeprecated\n${body}`)).toEqual(["JSONArgsRecommended:4"]);
    expect(found(`# check=skip=all\n${body}`)).toEqual([]);
    const buildArgs = new Map([["BUILDKIT_DOCKERFILE_CHECK", "skip=JSONArgsRecommended"]]);
    expect(found(body, { buildArgs })).toEqual(["MaintainerDeprecated:2"]);
    expect(found("FROM a\n# check=skip=MaintainerDeprecated we like it\nMAINTAINER b\n")).toEqual(
      [],
    );
  });

  test("warnings can be failures", () => {
    expect(lint("# check=error=true\nFROM a\nMAINTAINER b\nCMD c\n").failure).toBe(
      "lint violation found for rules: MaintainerDeprecated, JSONArgsRecommended",
    );
    expect(lint("# check=error=true\nFROM a\n").failure).toBeUndefined();
  });

  test("keeps the first mistake and looks at the rest all the same", () => {
    const { error, warnings } = lint("FROM a\nEXPOSE 99999\nEXPOSE ${X\nMAINTAINER b\n");
    expect(error?.line).toBe(2);
    expect(warnings).toMatchObject([{ rule: "MaintainerDeprecated" }]);
  });

  test("looks into the stages that are asked for", () => {
    const text = "FROM a\nCMD b\nFROM c\nCMD d\n";
    expect(found(text, { stages: new Set([1]) })).toEqual(["JSONArgsRecommended:4"]);
  });
});

test("every rule has BuildKit's page", () => {
  expect(Object.keys(RULES).map((rule) => ruleUrl(rule as RuleName))).toContain(
    "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/",
  );
  expect(ruleUrl("UndefinedVar")).toBe("https://docs.docker.com/go/dockerfile/rule/undefined-var/");
  expect(ruleUrl("SecretsUsedInArgOrEnv")).toEndWith("/secrets-used-in-arg-or-env/");
});
