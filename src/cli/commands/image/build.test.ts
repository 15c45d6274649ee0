import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import type { BuildEvent } from "../../../spec/index.ts";
import { AT, BuildDaemon, IMAGE_ID } from "../../build/testing/build-daemon.ts";
import { capturedRun } from "../../testing/captured-run.ts";

let daemon: BuildDaemon;
let work: string;

beforeEach(() => {
  daemon = new BuildDaemon();
  work = mkdtempSync(`${tmpdir()}/berth-build-cli-`);
  write("ctx/Dockerfile", "FROM scratch\nCOPY a /\n");
  write("ctx/a", "content of a");
  write("ctx/dir/b", "content of b");
});

afterEach(async () => {
  await daemon.stop();
  rmSync(work, { recursive: true });
});

function write(path: string, text: string): void {
  const file = `${work}/${path}`;
  mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  writeFileSync(file, text);
  // Long ago: a file that was changed just now is hashed again the next time.
  const past = new Date(1_700_000_000_000);
  utimesSync(file, past, past);
}

const build = (...words: string[]) =>
  capturedRun(
    ["-H", daemon.host, "--config", `${work}/config`, "build", ...words],
    { HOME: work, FROM_ENVIRONMENT: "yes" },
    async () => ({
      pack: () => {
        throw new Error("nothing is packed here");
      },
      packEntries: () => {
        throw new Error("nothing is packed here");
      },
      unpack: async (stream, directory) => {
        writeFileSync(`${directory}/unpacked`, Buffer.concat(await Array.fromAsync(stream)));
      },
    }),
  );

const context = () => `${work}/ctx`;
const sent = () => [...(daemon.contexts.at(-1)?.files.values() ?? [])].sort();
const paths = () => daemon.contexts.at(-1)?.entries.map(({ path }) => path);

describe("berth build", () => {
  test("sends the context, then only what changed", async () => {
    expect(await build("-q", context())).toEqual({ code: 0, out: `${IMAGE_ID}\n`, err: "" });
    expect(paths()).toEqual(["Dockerfile", "a", "dir", "dir/b"]);
    expect(sent()).toEqual(["FROM scratch\nCOPY a /\n", "content of a", "content of b"]);
    await build("-q", context());
    expect(sent()).toEqual([]);
    write("ctx/dir/b", "changed");
    await build("-q", context());
    expect(sent()).toEqual(["changed"]);
  });

  test("reads a file again only when it is another one", async () => {
    await Bun.sleep(250);
    const first = await build("--progress=plain", context());
    expect(first.err).toContain("context: 3 files, 46B: 3 read, 3 sent (46B)");
    const second = await build("--progress=plain", context());
    expect(second.err).toContain("0 read, nothing sent");
    write("ctx/a", "content of A");
    const third = await build("--progress=plain", context());
    expect(third.err).toContain("1 read, 1 sent (12B)");
  });

  test("tells of directories, links and modes", async () => {
    symlinkSync("a", `${context()}/link`);
    await build("-q", context());
    const entries = daemon.contexts.at(-1)?.entries ?? [];
    expect(entries.find(({ path }) => path === "link")).toMatchObject({
      type: "symlink",
      target: "a",
      size: 0,
    });
    expect(entries.find(({ path }) => path === "dir")).toMatchObject({
      type: "directory",
      mode: 0o755,
    });
    expect(entries.find(({ path }) => path === "a")).toMatchObject({
      type: "file",
      size: 12,
      mtime: 1_700_000_000,
    });
  });

  test("leaves out what .dockerignore says, or the file of the Dockerfile's own", async () => {
    write("ctx/.dockerignore", "*\n!dir/b\n");
    write("ctx/dir/c", "");
    await build("-q", context());
    expect(paths()).toEqual(["dir", "dir/b"]);
    write("ctx/x.Dockerfile", "FROM scratch\n");
    write("ctx/x.Dockerfile.dockerignore", "dir\n*Dockerfile*\n");
    await build("-q", "-f", `${context()}/x.Dockerfile`, context());
    expect(paths()).toEqual([".dockerignore", "a"]);
    expect(daemon.requests.at(-1)).toMatchObject({
      dockerfile: "FROM scratch\n",
      dockerfilePath: "x.Dockerfile",
      ignoreFile: "dir\n*Dockerfile*\n",
    });
  });

  test("takes a Dockerfile from outside of the context", async () => {
    write("other/Dockerfile.x", "FROM scratch\nUSER x\n");
    await build("-q", "-f", `${work}/other/Dockerfile.x`, context());
    expect(daemon.requests[0]).toMatchObject({
      dockerfile: "FROM scratch\nUSER x\n",
      dockerfilePath: `${work}/other/Dockerfile.x`,
    });
  });

  test("leaves addresses and repositories to the daemon", async () => {
    await build("-q", "https://host/repo.git#main:dir");
    await build("-q", "-f", "sub/Dockerfile", "https://host/context.tar.gz");
    await build("-q", "git@host:owner/repo");
    expect(daemon.requests.map(({ context, dockerfilePath }) => [context, dockerfilePath])).toEqual(
      [
        [{ kind: "git", url: "https://host/repo.git#main:dir" }, undefined],
        [{ kind: "url", url: "https://host/context.tar.gz" }, "sub/Dockerfile"],
        [{ kind: "git", url: "git@host:owner/repo" }, undefined],
      ],
    );
  });

  test.each([
    "https://host/repo.git#--upload-pack=x",
    "https://host/repo.git#main:-x",
    "git@-oProxyCommand=x:repo",
    "ssh://-oProxyCommand=x/repo.git",
    "git@host:-x",
  ])("refuses %s: git would take it for an option", async (url) => {
    const { code, err } = await build(url);
    expect({ code, requests: daemon.requests }).toEqual({ code: 1, requests: [] });
    expect(err).toContain(url.includes("://") || url.includes("@") ? "-" : "");
    expect(err).toMatch(/would be an option of git|not found/);
  });

  test("sends a tar as it is, and named contexts by their kind", async () => {
    write("c.tar", "x".repeat(700));
    await build(
      "-q",
      "--build-context",
      `src=${context()}`,
      "--build-context",
      "base=docker-image://alpine:3",
      "--build-context",
      "repo=https://host/x.git",
      `${work}/c.tar`,
    );
    expect(daemon.tars).toEqual([700]);
    expect(daemon.requests[0]).toMatchObject({
      context: { kind: "upload", id: "tar" },
      contexts: {
        src: { kind: "upload", id: "0" },
        base: { kind: "image", reference: "alpine:3" },
        repo: { kind: "git", url: "https://host/x.git" },
      },
    });
  });

  test("turns flags into a request", async () => {
    write("secret", "s3cret");
    await build(
      ...["-q", "-t", "a/b:1", "-t", "c", "--target", "t", "--platform", "linux/amd64,linux/arm64"],
      ...["--build-arg", "A=1=2", "--build-arg", "FROM_ENVIRONMENT", "--build-arg", "NOT_SET"],
      ...["--label", "l=v", "--add-host", "h:1.2.3.4", "--network", "none", "--shm-size", "64m"],
      ...[
        "-m",
        "1g",
        "--memory-swap",
        "-1",
        "--ulimit",
        "nofile=1:2",
        "--no-cache-filter",
        "x,y",
        "--pull",
      ],
      ...["--secret", `id=s,src=${work}/secret`, "--secret", "id=e,env=FROM_ENVIRONMENT"],
      ...[
        "--cache-from",
        "r/c",
        "--cache-to",
        "type=registry,ref=r/c,mode=max",
        "--cache-to",
        "type=inline",
      ],
      ...[
        "--allow",
        "security.insecure",
        "--provenance=mode=max",
        "--sbom=true",
        "--annotation",
        "k=v",
        "--push",
      ],
      ...["--explain-cache", "--build-arg", "SOURCE_DATE_EPOCH=7", context()],
    );
    expect(daemon.requests[0]).toMatchObject({
      tags: ["a/b:1", "c"],
      target: "t",
      platforms: ["linux/amd64", "linux/arm64"],
      buildArgs: { A: "1=2", FROM_ENVIRONMENT: "yes", SOURCE_DATE_EPOCH: "7" },
      labels: { l: "v" },
      extraHosts: ["h:1.2.3.4"],
      network: "none",
      shmSize: 64 << 20,
      memory: 1 << 30,
      memorySwap: -1,
      ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
      noCacheFilter: ["x", "y"],
      pull: true,
      secrets: { s: btoa("s3cret"), e: btoa("yes") },
      cacheFrom: [{ type: "registry", reference: "r/c" }],
      cacheTo: [{ type: "registry", reference: "r/c", mode: "max" }, { type: "inline" }],
      allow: ["security.insecure"],
      attestations: { provenance: "max", sbom: true },
      annotations: { k: "v" },
      outputs: [{ type: "image", push: true }],
      explainCache: true,
      sourceDateEpoch: 7,
    });
    expect(daemon.requests[0]?.buildArgs).not.toHaveProperty("NOT_SET");
  });

  test("takes outputs to where they are to go", async () => {
    daemon.events = [
      { type: "output", index: 0, what: "tree" },
      { type: "output", index: 1, what: "archive" },
      { type: "output", index: 2, what: "cache" },
    ];
    const { code } = await build(
      "-q",
      "-o",
      `${work}/out`,
      "-o",
      `type=oci,dest=${work}/x.tar`,
      "--cache-to",
      `type=local,dest=${work}/cache`,
      context(),
    );
    expect(code).toBe(0);
    expect(daemon.requests[0]?.outputs).toEqual([{ type: "local" }, { type: "oci" }]);
    for (const file of ["out/unpacked", "x.tar", "cache/unpacked"]) {
      expect(readFileSync(`${work}/${file}`, "utf8")).toBe("tar of an output");
    }
  });

  test("a tar to standard output has it for itself", async () => {
    daemon.events = [{ type: "output", index: 0, what: "tree" }];
    expect(await build("-q", "-o", "-", context())).toMatchObject({
      code: 0,
      out: "tar of an output",
    });
  });

  test("writes --iidfile and --metadata-file", async () => {
    await build("-q", "--iidfile", `${work}/iid`, "--metadata-file", `${work}/meta`, context());
    expect(readFileSync(`${work}/iid`, "utf8")).toBe(IMAGE_ID);
    expect(JSON.parse(readFileSync(`${work}/meta`, "utf8"))).toEqual({
      "containerimage.config.digest": IMAGE_ID,
    });
  });
});

const STEP: BuildEvent[] = [
  { type: "vertex", vertex: { id: "v1", name: "[1/2] FROM scratch", inputs: [] } },
  { type: "vertex", vertex: { id: "v2", name: "[2/2] RUN make", inputs: ["v1"] } },
  { type: "cached", vertex: "v1", at: AT },
  { type: "miss", vertex: "v2", reason: "a file of the context changed: a" },
  { type: "started", vertex: "v2", at: AT },
  { type: "log", vertex: "v2", at: "2026-01-02T03:04:06.500Z", stream: "stdout", text: "one\ntw" },
  { type: "log", vertex: "v2", at: "2026-01-02T03:04:07.000Z", stream: "stdout", text: "o\n" },
];

describe("berth build --progress", () => {
  test("plain: a line for whatever happens, a summary and warnings", async () => {
    daemon.events = [
      ...STEP,
      { type: "finished", vertex: "v2", at: "2026-01-02T03:04:07.000Z" },
      {
        type: "warning",
        rule: "JSONArgsRecommended",
        message: "use JSON",
        position: { file: "Dockerfile", line: 2, endLine: 2 },
      },
    ];
    const { err } = await build("--progress=plain", context());
    expect(err.slice(err.indexOf("#2"))).toStartWith(
      [
        "#2 [1/2] FROM scratch",
        "#2 CACHED",
        "",
        "#3 [2/2] RUN make",
        "#3 not cached: a file of the context changed: a",
        "#3 1.500 one",
        "#3 1.500 two",
        "#3 DONE 2.0s",
        "",
        "Built sha256:",
      ].join("\n"),
    );
    expect(err).toContain(
      "(2 steps, 1 cached)\n\n 1 warning found:\n - JSONArgsRecommended: use JSON (line 2)\n",
    );
  });

  test("rawjson: BuildKit's messages", async () => {
    daemon.events = STEP;
    const { err } = await build("--progress=rawjson", context());
    const messages = err
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown[]>);
    expect(messages).toContainEqual({
      vertexes: [
        { digest: "v1", name: "[1/2] FROM scratch", started: AT, completed: AT, cached: true },
      ],
    });
    expect(messages).toContainEqual({
      logs: [
        { vertex: "v2", stream: 1, data: btoa("one\ntw"), timestamp: "2026-01-02T03:04:06.500Z" },
      ],
    });
  });

  test("a failure shows the step's output, the lines of the Dockerfile and the reason", async () => {
    daemon.events = [...STEP, { type: "failed", vertex: "v2", at: AT, message: "exit code: 2" }];
    daemon.end = {
      type: "error",
      at: AT,
      failure: {
        message: 'process "/bin/sh -c make" did not complete successfully: exit code: 2',
        kind: "internal",
        vertex: "v2",
        position: { file: "Dockerfile", line: 2, endLine: 2 },
      },
    };
    const { code, err } = await build("-q", context());
    expect(code).toBe(1);
    expect(err).toBe(
      [
        "------",
        " > [2/2] RUN make:",
        "one",
        "two",
        "------",
        "Dockerfile:2",
        "--------------------",
        "   1 |     FROM scratch",
        "   2 | >>> COPY a /",
        "   3 |",
        "--------------------",
        'ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2',
        "",
      ].join("\n"),
    );
  });

  test("--check prints warnings with their lines and exits with 1", async () => {
    daemon.events = [
      {
        type: "warning",
        rule: "CopyIgnoredFile",
        message: "no a",
        url: "https://rule",
        position: { file: "Dockerfile", line: 2, endLine: 2 },
      },
    ];
    const { code, out } = await build("--check", context());
    expect(daemon.requests[0]?.check).toBe(true);
    expect({ code, out }).toEqual({
      code: 1,
      out: "Check complete, 1 warning has been found!\n\nWARNING: CopyIgnoredFile - https://rule\nno a\nDockerfile:2\n--------------------\n   1 |     FROM scratch\n   2 | >>> COPY a /\n   3 |\n--------------------\n",
    });
    daemon.events = [];
    expect(await build("--check", context())).toMatchObject({
      code: 0,
      out: "Check complete, no warnings found.\n",
    });
  });
});

describe("berth build objects:", () => {
  test.each([
    [["/nowhere"], 'ERROR: unable to prepare context: path "/nowhere" not found'],
    [["-", "-f", "-"], "can't use stdin for both build context and dockerfile"],
    [["-t", "A:b", "x"], "invalid reference format"],
    [["--output", "type=locl,dest=x", "."], 'unknown output type "locl"'],
    [["--output", "dest=x", "."], "type is required for output"],
    [["--output", "type=local", "."], "output directory is required"],
    [["--output", "type=tar,dst=x", "."], 'unknown --output option "dst"'],
    [["--cache-to", "type=gha", "."], 'unknown cache type "gha"'],
    [["--cache-from", "type=local", "."], "--cache-from needs src="],
    [["--secret", "src=", "."], "a secret needs an id"],
    [["--secret", "id=x,src=/nowhere", "CTX"], "secret x: cannot read /nowhere"],
    [["--secret", "id=x,env=NOT_SET", "CTX"], "environment variable NOT_SET is not set"],
    [["--ssh", "default", "CTX"], "make sure SSH_AUTH_SOCK is set"],
    [["--build-context", "x", "CTX"], "invalid context value: x, expected name=value"],
    [["--progress", "fancy", "CTX"], 'unknown progress mode "fancy"'],
    [["--call", "nope", "CTX"], 'unknown method "nope"'],
    [["--squash", "CTX"], "--squash is not supported"],
    [["--provenance", "mode=huge", "CTX"], 'unknown provenance mode "huge"'],
    [["-f", "CTX/none", "CTX"], "no such file (there is Dockerfile.dev: name it with -f)"],
  ])("%j", async (words, reason) => {
    write("ctx/Dockerfile.dev", "FROM scratch");
    const { code, err } = await build(...words.map((word) => word.replace("CTX", context())));
    expect(code).not.toBe(0);
    expect(err).toContain(reason);
    expect(daemon.requests).toEqual([]);
  });

  test("a daemon that ends without a result", async () => {
    daemon.end = undefined;
    expect(await build("-q", context())).toMatchObject({
      code: 1,
      err: "ERROR: the daemon ended the build without a result\n",
    });
  });
});
