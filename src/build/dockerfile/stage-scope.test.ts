import { describe, expect, test } from "bun:test";
import type { ExpandedInstruction } from "./ast.ts";
import { parseDockerfile } from "./parse-dockerfile.ts";
import { platformArguments } from "./predefined-args.ts";
import { createGlobalScope } from "./stage-scope.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM = { os: "linux", architecture: "arm", variant: "v7" };

function scopeOf(text: string, buildArgs: Record<string, string> = {}) {
  const dockerfile = parseDockerfile(text);
  const globals = createGlobalScope(dockerfile, {
    buildArgs: new Map(Object.entries(buildArgs)),
    platformArgs: platformArguments(ARM, AMD64),
  });
  return { dockerfile, globals };
}

/** Takes all instructions of the last stage; what each became, and the scope behind them. */
function take(text: string, buildArgs: Record<string, string> = {}, environment: string[] = []) {
  const { dockerfile, globals } = scopeOf(text, buildArgs);
  const scope = globals.stage(environment);
  const expanded = (dockerfile.stages.at(-1)?.instructions ?? []).map(
    (instruction): ExpandedInstruction => {
      const result = scope.expand(instruction);
      if (result.kind === "ENV" || result.kind === "ARG") scope.apply(result);
      return result;
    },
  );
  return { scope, expanded };
}

describe("GlobalScope", () => {
  test("has defaults, build arguments and platforms for FROM", () => {
    const { dockerfile, globals } = scopeOf(
      "ARG V=3 W=$V.1\nARG NAME\nFROM --platform=$BUILDPLATFORM $NAME:${W}-$TARGETARCH$TARGETVARIANT\n",
      { NAME: "alpine" },
    );
    expect(dockerfile.stages.map((stage) => globals.base(stage))).toEqual([
      { name: "alpine:3.1-armv7", platform: "linux/amd64" },
    ]);
  });

  test.each([
    ["ARG VERSION\nFROM $VERSON\n", "did you mean TARGETVARIANT", false],
    ["ARG VERSION=1\nFROM $VERSON\n", "did you mean VERSION?", true],
    ["FROM --platform=$PLAT x\n", "empty platform value from expression $PLAT", true],
  ])("%j says what is missing", (text, reason, said) => {
    const { dockerfile, globals } = scopeOf(text);
    const base = () => dockerfile.stages.map((stage) => globals.base(stage));
    if (said) expect(base).toThrow(reason);
    else expect(base).toThrow("should not be blank");
  });
});

describe("StageScope.expand() puts values into", () => {
  const VARIABLES = "FROM x\nENV D=/d U=me P=80 L=lab\n";
  test.each([
    [
      "COPY --chown=$U --chmod=7${P#8}5 --exclude=$L $D/a ${D}b /c",
      { sources: ["/d/a", "/db"], chown: "me", chmod: "705", exclude: ["lab"] },
    ],
    [
      "ADD --checksum=sha256:$P $D /c$D",
      { sources: ["/d"], destination: "/c/d", checksum: "sha256:80" },
    ],
    [
      "ENV X=$U Y='$U'",
      {
        pairs: [
          { name: "X", value: "me" },
          { name: "Y", value: "$U" },
        ],
      },
    ],
    ['LABEL $L="$U x"', { pairs: [{ name: "lab", value: "me x" }] }],
    ["EXPOSE $P 90-91/UDP", { ports: ["80/tcp", "90/udp", "91/udp"] }],
    ["VOLUME $D /e", { paths: ["/d", "/e"] }],
    ["USER $U:$U", { user: "me:me" }],
    ["WORKDIR $D/w", { path: "/d/w" }],
    ["STOPSIGNAL SIG${S:-INT}", { signal: "SIGINT" }],
    [
      "COPY <<A <<'B' /x\n\"$U\" \\$U\nA\n$U\nB",
      {
        files: [
          { name: "A", content: '"me" $U\n', expands: true },
          { name: "B", content: "$U\n", expands: false },
        ],
      },
    ],
    [
      "RUN --mount=type=cache,target=$D,uid=10${P} echo $D",
      {
        command: { form: "shell", script: "echo $D" },
        mounts: [
          { type: "cache", id: "/d", target: "/d", readOnly: false, sharing: "shared", uid: 1080 },
        ],
      },
    ],
  ])("%j", (line, expected) => {
    expect(take(VARIABLES + line).expanded.at(-1)).toMatchObject(expected);
  });

  test.each(["CMD $U", "ENTRYPOINT $U", 'SHELL ["$U"]', "ONBUILD USER $U", "HEALTHCHECK CMD $U"])(
    "not into %s",
    (line) => expect(JSON.stringify(take(VARIABLES + line).expanded.at(-1))).toContain("$U"),
  );

  test("one instruction sees what stood before it", () => {
    expect(take("FROM x\nENV A=1\nENV A=2 B=$A\n").scope.environment()).toEqual(["A=2", "B=1"]);
  });
});

describe("RUN --mount", () => {
  test.each([
    ["target=/a", { type: "bind", target: "/a", source: "/", writable: false }],
    ["type=bind,dst=/a,src=b,rw", { type: "bind", target: "/a", source: "b", writable: true }],
    [
      "type=bind,destination=/a,from=s,readwrite=false",
      { type: "bind", target: "/a", from: "s", source: "/", writable: false },
    ],
    [
      "type=cache,target=/a",
      { type: "cache", id: "/a", target: "/a", readOnly: false, sharing: "shared" },
    ],
    [
      "type=cache,target=/a,id=i,sharing=locked,mode=0700,uid=1,gid=2,ro,from=f,source=g",
      {
        type: "cache",
        id: "i",
        target: "/a",
        sharing: "locked",
        mode: 0o700,
        uid: 1,
        gid: 2,
        readOnly: true,
        from: "f",
        source: "g",
      },
    ],
    ["type=tmpfs,target=/a,size=1m", { type: "tmpfs", target: "/a", size: 1048576 }],
    ["type=secret,id=k", { type: "secret", id: "k", target: "/run/secrets/k", required: false }],
    ["type=secret,id=k,env=K,required", { type: "secret", id: "k", env: "K", required: true }],
    [
      "type=secret,target=/a/k,mode=0440",
      { type: "secret", id: "k", target: "/a/k", required: false, mode: 0o440 },
    ],
    ["type=ssh", { type: "ssh", id: "default", required: false }],
    [
      "type=ssh,id=a,target=/s,required=true,uid=7",
      { type: "ssh", id: "a", target: "/s", required: true, uid: 7 },
    ],
  ])("%s", (flag, expected) => {
    expect(take(`FROM x\nRUN --mount=${flag} y\n`).expanded).toMatchObject([
      { mounts: [expected] },
    ]);
  });

  test.each([
    ["type=bind", "needs a target"],
    ["type=cache,target=/a,sharing=lock", 'unsupported sharing value "lock"'],
    ["type=cache,target=/a,mode=999", "invalid value 999 for mode"],
    ["type=tmpfs,target=/a,size=much", "invalid value for size: much"],
    ["type=secret", "one of source, target required"],
    ["type=secret,id=a,source=b", "both source and id can't be set"],
    ["type=ssh,required=perhaps", "invalid value for required: perhaps"],
  ])("%s is an error", (flag, reason) => {
    expect(() => take(`FROM x\nRUN --mount=${flag} y\n`)).toThrow(reason);
  });
});

describe("ARG", () => {
  test("takes the build's value, the default, or the global one", () => {
    const { scope } = take("ARG G=g H=h\nFROM x\nARG A=1\nARG B=2\nARG G\nARG N\n", {
      B: "b",
      H: "no",
    });
    expect([...scope.args()]).toEqual([
      ["A", "1"],
      ["B", "b"],
      ["G", "g"],
    ]);
  });

  test("and ENV of one name: the later counts, and only ENV is configuration", () => {
    const { scope } = take("FROM x\nARG A=1\nENV A=2\nENV B=3\nARG B=4\n");
    expect(Object.fromEntries(scope.runEnvironment())).toEqual({ A: "2", B: "4" });
    expect(scope.environment()).toEqual(["A=2", "B=3"]);
  });

  test("a platform's argument must be declared in the stage", () => {
    const { expanded } = take("FROM x\nUSER a$TARGETARCH\nARG TARGETARCH\nUSER a$TARGETARCH\n");
    expect(expanded).toMatchObject([{ user: "a" }, {}, { user: "aarm" }]);
  });

  test("a default that is not used may be wrong", () => {
    expect(take("FROM x\nARG A=${B:?none}\n", { A: "1" }).scope.args().get("A")).toBe("1");
  });

  test("proxies are given to RUN and stay out of arguments and configuration", () => {
    const { scope } = take("FROM x\n", { http_proxy: "http://p", OTHER: "x" });
    expect([...scope.proxies()]).toEqual([["http_proxy", "http://p"]]);
    expect([...scope.runEnvironment().keys(), ...scope.args().keys()]).toEqual([]);
  });

  test("a stage on another inherits, and keeps its own changes", () => {
    const { scope } = take("FROM x\nARG A=1\nENV B=2\n", {}, ["PATH=/bin"]);
    const child = scope.fork();
    child.apply({
      kind: "ENV",
      pairs: [{ name: "C", value: "3" }],
      position: { line: 1, endLine: 1 },
      text: "",
      keyword: "ENV",
    });
    expect(child.environment()).toEqual(["PATH=/bin", "B=2", "C=3"]);
    expect([...child.args()]).toEqual([["A", "1"]]);
    expect(scope.environment()).toEqual(["PATH=/bin", "B=2"]);
  });
});

test("a mistake in a value has the instruction's place", () => {
  expect(() => take("FROM x\nUSER a\nEXPOSE 80 $X\nEXPOSE 99999\n")).toThrow(
    "Dockerfile:4:8: invalid containerPort: 99999",
  );
  expect(() => take("FROM x\nCOPY --chmod=999 a b\n")).toThrow(
    "Dockerfile:2:14: invalid chmod parameter: '999'",
  );
  expect(() => take("FROM x\nWORKDIR ${A:?set A}\n")).toThrow("A: set A");
});
