import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { BerthRegistry } from "../../harness/berth-registry.ts";
import { type ContextFiles, contextDirectory } from "../../harness/build-context.ts";
import { must, type Output } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let registry: BerthRegistry;
beforeAll(async () => {
  registry = await BerthRegistry.start();
});
afterAll(() => registry.stop());

const berth = (...args: string[]): Promise<Output> => suite.daemon.berth(...args);
const runs = async (image: string, script: string): Promise<string> =>
  must(await berth("run", "--rm", image, "sh", "-c", script)).stdout;

/** A context, and builds of it. */
async function context(dockerfile: string, files: ContextFiles = {}) {
  const directory = await contextDirectory(suite.daemon, dockerfile, files);
  const build = (...args: string[]): Promise<Output> =>
    suite.daemon.berth("build", "--progress", "plain", ...args, ".", { cwd: directory });
  return { directory, build };
}

const CACHED = /^#\d+ CACHED$/gm;

describe("berth build", () => {
  test("is cached the second time, and says why not the third", async () => {
    const { directory, build } = await context(
      "FROM busybox\nCOPY sub /sub\nCOPY a /a\nRUN wc -l < /a > /lines\n",
      { a: "1\n", "sub/b": "2\n" },
    );
    expect(must(await build("-t", "again")).stderr).toContain("(4 steps, 0 cached)");
    const second = must(await build("-t", "again")).stderr;
    expect(second.match(CACHED)).toHaveLength(3);
    expect(second).toContain("nothing sent");
    await writeFile(join(directory, "a"), "1\n2\n");
    const third = must(await build("-t", "again", "--explain-cache")).stderr;
    expect(third).toContain("not cached: the file a has changed\n");
    expect(third).toContain("1 sent (4B)");
    expect(await runs("again", "cat /lines")).toBe("2\n");
    const usage = must(await berth("builder", "du")).stdout;
    expect(usage).toContain("COPY a /a");
    expect(usage).not.toContain("years ago");
  });

  test("COPY --parents and --exclude, mounts of the context and of a cache", async () => {
    const { build } = await context(
      `FROM busybox
COPY --parents a/x/f b/y/g /parents/
COPY --parents ./a/./x/f /pivot/
COPY --exclude=*.log b/y /excluded/
RUN --mount=type=bind,target=/ctx --mount=type=cache,target=/c cp /ctx/a/x/f /seen; echo n >> /c/n
RUN --mount=type=cache,target=/c wc -l < /c/n > /count
`,
      { "a/x/f": "f\n", "b/y/g": "g\n", "b/y/h.log": "h\n" },
    );
    must(await build("-t", "parents"));
    const found = "find /parents /pivot /excluded /seen -type f | sort; cat /count";
    expect(await runs("parents", found)).toBe(
      "/excluded/g\n/parents/a/x/f\n/parents/b/y/g\n/pivot/x/f\n/seen\n1\n",
    );
  });

  test("an output is a directory or an archive, and no image", async () => {
    const { directory, build } = await context(
      "FROM busybox AS make\nRUN echo made > /made\nFROM scratch\nCOPY --from=make /made /\n",
    );
    must(await build("-o", "out"));
    expect(await $`cat out/made; ls out`.cwd(directory).text()).toBe("made\nmade\n");
    must(await build("-o", "type=oci,dest=image.tar"));
    expect(await $`tar tf image.tar`.cwd(directory).text()).toContain("oci-layout");
    const loaded = must(await berth("load", "-q", "-i", join(directory, "image.tar")));
    expect(loaded.stdout).toStartWith("Loaded image");
  });

  test("a failing step is shown with its lines, and nothing is tagged", async () => {
    const { build } = await context("FROM busybox\nRUN echo before && \\\n    exit 7\n");
    const failed = await build("-t", "failed");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("before");
    expect(failed.stderr).toContain("exit code: 7");
    expect(failed.stderr).toContain("RUN echo before");
    expect((await berth("image", "inspect", "failed")).code).toBe(1);
    const list = must(await berth("build", "ls")).stdout;
    expect(list).toMatch(/failed/i);
  });

  test("secrets are seen by the step that mounts them and kept nowhere", async () => {
    const { directory, build } = await context(
      "FROM busybox\nRUN --mount=type=secret,id=token wc -c < /run/secrets/token > /size\n",
    );
    await writeFile(join(directory, "../token"), "canary-of-the-secret");
    must(await build("-t", "secret", "--secret", "id=token,src=../token"));
    expect(await runs("secret", "cat /size")).toBe("20\n");
    const found = await $`grep -rl canary-of-the-secret ${suite.daemon.dataRoot}`.nothrow().text();
    expect(found).toBe("");
  });

  test("an ssh agent of the caller answers inside of a step", async () => {
    const { directory, build } = await context(
      "FROM busybox\nCOPY root /\nRUN --mount=type=ssh ssh-add -l > /keys\n",
    );
    await copyWithLibraries("/usr/bin/ssh-add", join(directory, "root"));
    await $`ssh-keygen -q -t ed25519 -N "" -C berth-test -f ../key`.cwd(directory);
    must(await build("-t", "ssh", "--ssh", "default=../key"));
    expect(await runs("ssh", "cat /keys")).toMatch(/^256 SHA256:\S+ .*berth-test \(ED25519\)\n$/);
    expect((await build("--no-cache")).code).toBe(1);
  });
});

describe("berth build and registries", () => {
  const dockerfile = "FROM busybox\nRUN date +%N > /first\nFROM busybox\nCOPY --from=0 /first /\n";
  const forget = async (...images: string[]): Promise<void> => {
    must(await berth("rmi", "-f", ...images));
    must(await berth("builder", "prune", "-af"));
  };

  test("--push sends what was built", async () => {
    const { build } = await context(dockerfile);
    const image = `${registry.address}/pushed:1`;
    must(await build("-t", image, "--push"));
    const before = await runs(image, "cat /first");
    await forget(image);
    expect(await runs(image, "cat /first")).toBe(before);
  });

  test("a registry that is not there is said, with exit code 1", async () => {
    const { build } = await context("FROM busybox\n");
    const failed = await build("-t", "127.0.0.1:1/nobody:1", "--push");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/127\.0\.0\.1:1/);
  });

  for (const kind of ["registry", "local", "inline"] as const) {
    test(`a cache of type ${kind} is used on an engine that has none`, async () => {
      const { directory, build } = await context(`${dockerfile}LABEL kind=${kind}\n`);
      const image = `${registry.address}/cached:${kind}`;
      const place = {
        registry: [`ref=${registry.address}/cache:1`, `ref=${registry.address}/cache:1`],
        local: [`dest=${directory}/cache`, `src=${directory}/cache`],
        inline: ["", `ref=${image}`],
      }[kind];
      const to = [`type=${kind}`, place[0]].filter((part) => part !== "").join(",");
      must(await build("-t", image, "--cache-to", to, ...(kind === "inline" ? ["--push"] : [])));
      const before = await runs(image, "cat /first");
      await forget(image);
      const type = kind === "inline" ? "registry" : kind;
      must(await build("-t", image, "--cache-from", `type=${type},${place[1]}`));
      expect(await runs(image, "cat /first")).toBe(before);
    });
  }
});

describe("--cache-to mode=max", () => {
  const dockerfile = `FROM busybox AS base
RUN date +%N > /base
FROM base AS left
RUN date +%N > /left
FROM busybox AS right
RUN date +%N > /right
FROM busybox
COPY --from=left /base /left /
COPY --from=right /right /
`;
  for (const kind of ["registry", "local"] as const) {
    test(`${kind}: every stage's steps are cached elsewhere, and no image is left here`, async () => {
      const { directory, build } = await context(`${dockerfile}LABEL kind=${kind}\n`);
      const place =
        kind === "registry" ? `ref=${registry.address}/max:1` : `dest=${directory}/cache`;
      const images = async () => must(await berth("images", "-aq")).stdout.split("\n").length;
      must(await build("-t", `max:${kind}`));
      const before = await images();
      must(await build("-t", `max:${kind}`, "--cache-to", `type=${kind},mode=max,${place}`));
      expect(await images()).toBe(before);
      const made = await runs(`max:${kind}`, "cat /base /left /right");
      must(await berth("rmi", "-f", `max:${kind}`));
      must(await berth("builder", "prune", "-af"));
      const from = place.replace("dest=", "src=");
      // A step of the target is new: what it needs of other stages has to be there.
      await writeFile(
        join(directory, "Dockerfile"),
        `${dockerfile}RUN cat /base /left /right > /all\n`,
      );
      const again = must(await build("-t", `max:${kind}`, "--cache-from", `type=${kind},${from}`));
      // Five steps, and FROM of a stage that was cached.
      expect(again.stderr.match(CACHED)?.length).toBe(6);
      expect(await runs(`max:${kind}`, "cat /all")).toBe(made);
    });
  }

  test("ignore-error makes a warning of a cache that cannot be written", async () => {
    const { build } = await context("FROM busybox\n");
    const target = "type=registry,ref=127.0.0.1:1/no:1";
    expect((await build("--cache-to", target)).code).toBe(1);
    const ignored = must(await build("--cache-to", `${target},ignore-error=true`));
    expect(ignored.stderr).toContain("The cache was not exported");
  });
});

describe("berth build of addresses", () => {
  test("a git repository: a ref, a directory, and ADD of one; a file", async () => {
    const place = join(suite.daemon.root, "repository");
    await mkdir(join(place, "api"), { recursive: true });
    await writeFile(join(place, "api/Dockerfile"), "FROM busybox\nCOPY file /file\n");
    await writeFile(join(place, "api/file"), "of v1\n");
    const commit = (message: string) =>
      $`git add -A && git -c user.name=n -c user.email=e@example.com commit -qm ${message}`.cwd(
        place,
      );
    await $`git init -q .`.cwd(place);
    await commit("one");
    await $`git tag v1`.cwd(place);
    await writeFile(join(place, "api/file"), "of now\n");
    await commit("two");
    await $`git update-server-info`.cwd(place);
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async ({ url }) => {
        const file = Bun.file(join(place, new URL(url).pathname));
        return (await file.exists()) ? new Response(file) : new Response("", { status: 404 });
      },
    });
    const base = `http://127.0.0.1:${server.port}`;
    try {
      must(await berth("build", "-q", "-t", "git:v1", `${base}/.git#v1:api`));
      must(await berth("build", "-q", "-t", "git:now", `${base}/.git#:api`));
      expect(await runs("git:v1", "cat /file")).toBe("of v1\n");
      expect(await runs("git:now", "cat /file")).toBe("of now\n");
      const unknown = await berth("build", "-q", `${base}/.git#v9:api`);
      expect(unknown.stderr).toContain('does not contain ref "v9"');
      const adds = `FROM busybox\nADD ${base}/api/file /by-url\nADD ${base}/.git#v1 /by-git\n`;
      const { build } = await context(adds);
      must(await build("-t", "adds"));
      expect(await runs("adds", "cat /by-url /by-git/api/file; ls -A /by-git")).toBe(
        "of now\nof v1\napi\n",
      );
      expect(await runs("adds", "stat -c '%a' /by-url /by-git")).toBe("600\n755\n");
    } finally {
      await server.stop(true);
    }
  });
});

/** A program of the host, with what its loader needs, below a root. */
async function copyWithLibraries(program: string, root: string): Promise<void> {
  const listed = await $`ldd ${program}`.text();
  const libraries = listed.match(/\/\S+/g) ?? [];
  for (const file of [program, ...libraries]) {
    await mkdir(join(root, file, ".."), { recursive: true });
    await copyFile(file, join(root, file));
    await $`chmod 755 ${join(root, file)}`;
  }
}

hostStaysClean(suite);
