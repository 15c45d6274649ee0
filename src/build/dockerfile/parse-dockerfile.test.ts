import { describe, expect, test } from "bun:test";
import type { Instruction } from "./ast.ts";
import { DockerfileError } from "./dockerfile-error.ts";
import { parseDockerfile, parseTrigger } from "./parse-dockerfile.ts";

/** The only instruction of a stage, without what all instructions have. */
function instruction(text: string): Record<string, unknown> {
  const [found, ...others] =
    parseDockerfile(`FROM scratch\n${text}\n`).stages[0]?.instructions ?? [];
  expect(others).toEqual([]);
  const { position, text: _, keyword, ...rest } = found as Instruction;
  return rest;
}

function fault(text: string): DockerfileError {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error(`no error in ${text}`);
}

const FILES = { files: [], link: false, exclude: [] };

describe("parseDockerfile() reads stages:", () => {
  test("image, platform, name, comment and place", () => {
    const { stages } = parseDockerfile(
      "FROM alpine:3@sha256:abc\n\n# base things\nfrom --platform=$BUILDPLATFORM $X as Base\n",
    );
    expect(stages).toMatchObject([
      { index: 0, base: "alpine:3@sha256:abc", position: { line: 1, endLine: 1 } },
      {
        index: 1,
        base: "$X",
        platform: "$BUILDPLATFORM",
        name: "base",
        writtenName: "Base",
        comment: "base things",
        position: { line: 4, endLine: 4 },
      },
    ]);
  });

  test("arguments before the first are global", () => {
    const { globalArgs, stages } = parseDockerfile("ARG A=1 B\nARG C\nFROM x\nARG D\n");
    expect(globalArgs.map(({ args }) => args)).toEqual([
      [{ name: "A", value: "1" }, { name: "B" }],
      [{ name: "C" }],
    ]);
    expect(stages[0]?.instructions).toMatchObject([{ kind: "ARG", args: [{ name: "D" }] }]);
  });
});

describe("parseDockerfile() reads lines:", () => {
  test("continuations, comments among them, leading and trailing space", () => {
    const { stages } = parseDockerfile(
      "\n  # c\n  FROM x  \n\tRUN a \\  \n  # between\n   b\\\n\\\n c\n",
    );
    expect(stages[0]?.instructions).toMatchObject([
      { text: "RUN a    b c", position: { line: 4, endLine: 8 } },
    ]);
  });

  test("a byte order mark, CRLF and no last newline", () => {
    const { stages } = parseDockerfile("\uFEFFFROM x\r\nRUN a \\\r\n b\r\nUSER u");
    expect(stages[0]?.instructions).toMatchObject([
      { command: { script: "a  b" } },
      { user: "u", position: { line: 4, endLine: 4 } },
    ]);
  });

  test("a blank line among continued ones is a finding", () => {
    expect(parseDockerfile("FROM x\nRUN a \\\n\n b\n").findings).toEqual([
      { rule: "NoEmptyContinuation", subject: "RUN", position: { line: 2, endLine: 4 } },
    ]);
  });

  test("an escaped escape character does not continue", () => {
    const { stages } = parseDockerfile("FROM x\nRUN a \\\\\nRUN b\n");
    expect(stages[0]?.instructions).toHaveLength(2);
  });
});

describe("parseDockerfile() reads directives:", () => {
  test("syntax, escape and check, once each and at the top", () => {
    const { directives, stages } = parseDockerfile(
      "# syntax = docker/dockerfile:1\n#ESCAPE=`\n# check=skip=A,B;error=true\nFROM x\nRUN a `\n b c:\\\n",
    );
    expect(directives).toEqual({
      syntax: "docker/dockerfile:1",
      escape: "`",
      check: { skip: ["A", "B"], error: true, experimental: [] },
    });
    expect(stages[0]?.instructions).toMatchObject([{ command: { script: "a  b c:\\" } }]);
  });

  test("behind a comment they are comments", () => {
    expect(parseDockerfile("# hello\n# escape=`\nFROM x\n").directives).toEqual({ escape: "\\" });
    expect(parseDockerfile("# foo=bar\n# escape=`\nFROM x\n").directives.escape).toBe("\\");
  });

  test.each([
    ["# escape=x\nFROM y\n", "invalid escape token 'x' does not match ` or \\", 1],
    ["# escape=`\n# escape=`\nFROM y\n", "only one escape parser directive can be used", 2],
    ["# check=hop=1\nFROM y\n", 'invalid check option "hop=1"', 1],
  ])("%j is an error", (text, reason, line) => {
    expect(fault(text)).toMatchObject({ line });
    expect(fault(text).reason).toStartWith(reason);
  });
});

describe("parseDockerfile() reads RUN:", () => {
  const RUN = { kind: "RUN", mounts: [], network: "default", security: "sandbox", devices: [] };

  test.each([
    ["RUN echo  $X 'a'", { form: "shell", script: "echo  $X 'a'" }],
    ['RUN ["a", "b c"]', { form: "exec", args: ["a", "b c"] }],
    ["RUN [ -f x ]", { form: "shell", script: "[ -f x ]" }],
    ["RUN <<EOF\na\n\tb\nEOF", { form: "shell", script: "a\n\tb\n" }],
    ["RUN <<-EOF\n\ta\n\tEOF", { form: "shell", script: "a\n" }],
    ["RUN <<EOF\n#!/bin/x\na\nEOF", { form: "script", name: "EOF", content: "#!/bin/x\na\n" }],
    ["RUN py <<EOF >x\na\nEOF", { form: "shell", script: "py <<EOF >x\na\nEOF" }],
    ["RUN a <<A && b <<'B'\n1\nA\n2\nB", { form: "shell", script: "a <<A && b <<'B'\n1\nA\n2\nB" }],
    ["RUN a <<< b", { form: "shell", script: "a <<< b" }],
    ["RUN echo $((1<<2))", { form: "shell", script: "echo $((1<<2))" }],
    ["RUN -- --x", { form: "shell", script: "--x" }],
  ])("%j", (text, command) => expect(instruction(text)).toEqual({ ...RUN, command }));

  test("flags", () => {
    expect(
      instruction(
        "RUN --network=none --security=insecure --device=v.com/c=a,required --mount=target=/x,from=b make",
      ),
    ).toEqual({
      ...RUN,
      command: { form: "shell", script: "make" },
      network: "none",
      security: "insecure",
      devices: [{ name: "v.com/c=a", required: true }],
      mounts: [
        {
          type: "bind",
          from: "b",
          options: new Map([["target", "/x"]]),
          text: "target=/x,from=b",
        },
      ],
    });
  });
});

describe("parseDockerfile() reads files:", () => {
  test.each([
    ["COPY a b /c/", { sources: ["a", "b"], destination: "/c/" }],
    ['COPY ["a b", "c d"]', { sources: ["a b"], destination: "c d" }],
    ["COPY --from=x --link --parents a b", { from: "x", link: true, parents: true }],
    ["COPY --link=false a b", { link: false }],
    ["COPY --exclude=*.o --exclude=x a b", { exclude: ["*.o", "x"] }],
    ["COPY --chown=u:g --chmod=u=rwX,go=rX a b", { chown: "u:g", chmod: "u=rwX,go=rX" }],
    [
      'COPY <<A <<-"B" c /d\n$x\nA\n\t$y\n\tB',
      {
        sources: ["c"],
        destination: "/d",
        files: [
          { name: "A", content: "$x\n", expands: true },
          { name: "B", content: "$y\n", expands: false },
        ],
      },
    ],
  ])("%j", (text, expected) =>
    expect(instruction(text)).toEqual({
      kind: "COPY",
      ...FILES,
      parents: false,
      sources: ["a"],
      destination: "b",
      ...expected,
    }),
  );

  test("ADD's own flags", () => {
    expect(
      instruction("ADD --checksum=sha256:1 --keep-git-dir=true --unpack=false https://x/y /z"),
    ).toEqual({
      kind: "ADD",
      ...FILES,
      sources: ["https://x/y"],
      destination: "/z",
      checksum: "sha256:1",
      keepGitDir: true,
      unpack: false,
    });
  });
});

describe("parseDockerfile() reads configuration:", () => {
  test.each([
    ["CMD a  b", { kind: "CMD", command: { form: "shell", script: "a  b" } }],
    ['CMD ["a"]', { kind: "CMD", command: { form: "exec", args: ["a"] } }],
    ["CMD []", { kind: "CMD", command: { form: "exec", args: [] } }],
    ["ENTRYPOINT", { kind: "ENTRYPOINT", command: { form: "exec", args: [] } }],
    [
      "ENV A=1 B='x y' C=\"$A\"",
      {
        kind: "ENV",
        pairs: [
          ["A", "1"],
          ["B", "'x y'"],
          ["C", '"$A"'],
        ],
      },
    ],
    ["ENV A b  c=d", { kind: "ENV", pairs: [["A", "b  c=d"]] }],
    [
      "LABEL a.b=c\\ d e=",
      {
        kind: "LABEL",
        pairs: [
          ["a.b", "c\\ d"],
          ["e", ""],
        ],
      },
    ],
    ["EXPOSE 80 53/udp $P", { kind: "EXPOSE", ports: ["80", "53/udp", "$P"] }],
    ['VOLUME ["/a", "/b"]', { kind: "VOLUME", paths: ["/a", "/b"] }],
    ["VOLUME /a /b", { kind: "VOLUME", paths: ["/a", "/b"] }],
    ["USER 1:2", { kind: "USER", user: "1:2" }],
    ["WORKDIR /a b", { kind: "WORKDIR", path: "/a b" }],
    ["STOPSIGNAL SIGINT", { kind: "STOPSIGNAL", signal: "SIGINT" }],
    ["MAINTAINER me & you", { kind: "MAINTAINER", maintainer: "me & you" }],
    ['SHELL ["a", "-c"]', { kind: "SHELL", shell: ["a", "-c"] }],
    ["HEALTHCHECK NONE", { kind: "HEALTHCHECK", check: "none" }],
    [
      "HEALTHCHECK --interval=1m30s --timeout=3s --start-period=1h --start-interval=500ms --retries=4 CMD a b",
      {
        kind: "HEALTHCHECK",
        check: {
          command: { form: "shell", script: "a b" },
          interval: 90e9,
          timeout: 3e9,
          startPeriod: 3600e9,
          startInterval: 5e8,
          retries: 4,
        },
      },
    ],
    [
      'HEALTHCHECK CMD ["a"]',
      { kind: "HEALTHCHECK", check: { command: { form: "exec", args: ["a"] } } },
    ],
  ])("%j", (text, expected) => {
    const pairs =
      "pairs" in expected
        ? { pairs: expected.pairs.map(([name, value]) => ({ name, value })) }
        : {};
    expect(instruction(text)).toEqual({ ...expected, ...pairs });
  });

  test("ONBUILD with its trigger, here-documents included", () => {
    expect(instruction("ONBUILD run <<EOF\na\nEOF")).toMatchObject({
      kind: "ONBUILD",
      expression: "run <<EOF\na\nEOF",
      instruction: { kind: "RUN", command: { form: "shell", script: "a\n" } },
    });
    expect(parseTrigger("run <<EOF\na\nEOF", "x")).toMatchObject({
      kind: "RUN",
      command: { script: "a\n" },
    });
  });
});

describe("parseDockerfile() objects:", () => {
  test.each([
    ["FROM x\nRUNN y", 2, 1, "unknown instruction: RUNN (did you mean RUN?)"],
    ["FROM x\nRUN a &&\n  make install", 3, 3, "does the line above miss a \\ at its end?"],
    ["RUN a\nFROM x", 1, 1, "no build stage in current context"],
    ["# c\n", 1, 1, "file with no instructions"],
    ["", 1, 1, "file with no instructions"],
    ["ARG A\n", 1, 1, "no build stage"],
    ["FROM", 1, 1, "FROM requires either one or three arguments"],
    ["FROM a b c", 1, 8, "FROM requires either one or three arguments"],
    ["FROM a AS 1b", 1, 11, 'invalid name for build stage: "1b"'],
    ["FROM --plattform=x a", 1, 6, "unknown flag: --plattform (did you mean --platform?)"],
    ["FROM x\nCOPY a", 2, 6, "COPY requires at least two arguments, but only one was provided."],
    ["FROM x\nCOPY a <<EOF\nEOF\n", 2, 8, "COPY cannot accept a heredoc as a destination"],
    ["FROM x\nCOPY <<EOF /a\nb", 2, 8, "unterminated heredoc"],
    ["FROM x\nCOPY --from=$Y a b", 2, 13, "--from doesn't support variables"],
    ["FROM x\nCOPY --link=maybe a b", 2, 6, "expecting boolean value for flag --link, not: maybe"],
    ["FROM x\nCOPY --chown a b", 2, 6, "missing a value on flag: --chown"],
    ["FROM x\nCOPY --chown=a --chown=b a b", 2, 6, "duplicate flag specified: --chown"],
    ["FROM x\nCOPY --constructor=a a b", 2, 6, "unknown flag: --constructor"],
    ["FROM x\nconstructor a", 2, 1, "unknown instruction: constructor"],
    ["FROM x\nADD --from=a b c", 2, 5, "unknown flag: --from"],
    ["FROM x\nRUN", 2, 1, "RUN requires at least one argument"],
    ["FROM x\nRUN []", 2, 1, "RUN requires at least one argument"],
    ["FROM x\nRUN [1]", 2, 5, "when using JSON array syntax, arrays must be comprised of strings"],
    [
      "FROM x\nRUN --network=hosts a",
      2,
      15,
      'unsupported network mode "hosts" (did you mean host?)',
    ],
    ["FROM x\nRUN --security=no a", 2, 16, 'unsupported security mode "no"'],
    ["FROM x\nRUN --mount=type=bnd a", 2, 18, 'unsupported mount type "bnd" (did you mean bind?)'],
    ["FROM x\nRUN --mount=tagret=/a a", 2, 13, "unexpected key 'tagret'"],
    ["FROM x\nRUN --mount=type=tmpfs,id=a a", 2, 24, "unexpected key 'id' for mount type 'tmpfs'"],
    ["FROM x\nRUN --mount=type=bind,from=$x,target=/a a", 2, 28, "'from' doesn't support variable"],
    ["FROM x\nRUN --mount=target a", 2, 13, "invalid field 'target' must be a key=value pair"],
    ["FROM x\nENV", 2, 1, "ENV requires at least one argument"],
    ["FROM x\nENV A", 2, 5, "ENV must have two arguments"],
    ["FROM x\nENV A=b c", 2, 9, 'Syntax error - can\'t find = in "c"'],
    ["FROM x\nENV =b", 2, 5, "ENV names can not be blank"],
    ["FROM x\nARG =b", 2, 5, "ARG names can not be blank"],
    ["FROM x\nSHELL bash", 2, 7, "SHELL requires the arguments to be in JSON form"],
    ['FROM x\nVOLUME ["/a", ""]', 2, 8, "VOLUME specified can not be an empty string"],
    ["FROM x\nHEALTHCHECK MCD a", 2, 13, 'Unknown type "MCD" in HEALTHCHECK'],
    ["FROM x\nHEALTHCHECK CMD", 2, 1, "Missing command after HEALTHCHECK CMD"],
    ["FROM x\nHEALTHCHECK NONE a", 2, 18, "HEALTHCHECK NONE takes no arguments"],
    ["FROM x\nHEALTHCHECK --interval=5 CMD a", 2, 24, 'invalid duration "5" of --interval'],
    [
      "FROM x\nHEALTHCHECK --interval=1ns CMD a",
      2,
      24,
      'Interval "interval" cannot be less than 1ms',
    ],
    ["FROM x\nHEALTHCHECK --retries=-1 CMD a", 2, 23, "--retries cannot be negative"],
    ["FROM x\nONBUILD ONBUILD RUN a", 2, 9, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ["FROM x\nONBUILD FROM a", 2, 9, "FROM isn't allowed as an ONBUILD trigger"],
    ["FROM x\nONBUILD COPI a b", 2, 9, "unknown instruction: COPI (did you mean COPY?)"],
    ["FROM x\nUSER", 2, 1, "USER requires exactly one argument"],
  ])("%j", (text, line, column, reason) => {
    const error = fault(text);
    expect(`${error.line}:${error.column} ${error.reason}`).toContain(`${line}:${column} `);
    expect(error.reason).toContain(reason);
  });

  test("with the excerpt and a caret below the piece at fault", () => {
    expect(fault("FROM x\nRUN a\n\tCOPY --form=b \\\n c d\n").message).toBe(
      [
        "Dockerfile:3:7: unknown flag: --form (did you mean --from?)",
        "  1 | FROM x",
        "  2 | RUN a",
        "  3 | \tCOPY --form=b \\",
        "    | \t     ^^^^^^",
      ].join("\n"),
    );
  });

  test("without control characters of the file in the excerpt", () => {
    expect(fault("FROM x\nBAD \u001b[2J\n").message).not.toContain("\u001b");
  });
});
