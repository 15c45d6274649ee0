import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ContextFiles, contextDirectory, dockerBuild } from "../../harness/build-context.ts";
import { must, type Output } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

async function build(
  dockerfile: string,
  files: ContextFiles = {},
  ...args: string[]
): Promise<Output> {
  const directory = await contextDirectory(suite.daemon, dockerfile, files);
  return await dockerBuild(suite.daemon, directory, ...args);
}

const runs = async (image: string, ...command: string[]): Promise<string> =>
  must(await suite.daemon.docker("run", "--rm", image, ...command)).stdout;

const config = async (image: string): Promise<Record<string, unknown>> =>
  JSON.parse(
    must(await suite.daemon.docker("inspect", "--format", "{{json .Config}}", image)).stdout,
  );

describe("docker build, classic protocol", () => {
  test("every instruction ends up in the tree or the configuration", async () => {
    const dockerfile = `
FROM busybox
MAINTAINER somebody
ARG WHO=world
ENV GREETING="hello $WHO" HOME=/root
LABEL a=1 "b c"="d e"
WORKDIR /work/dir
RUN echo "$GREETING, $WHO" > said
COPY a.txt ./
ADD sub /sub
EXPOSE 80 53/udp
VOLUME /data
USER 1000:1000
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=5s --retries=2 CMD true
SHELL ["/bin/sh", "-e", "-c"]
ONBUILD RUN echo never
ENTRYPOINT ["cat"]
CMD ["/work/dir/said"]
`;
    const built = must(
      await build(
        dockerfile,
        { "a.txt": "a\n", "sub/b": "b\n" },
        "-t",
        "all:1",
        "--build-arg",
        "WHO=you",
      ),
    );
    expect(built.stdout).toContain("Step 1/18 : FROM busybox\nStep 2/18 : MAINTAINER somebody\n");
    expect(built.stdout).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged all:1\n$/);
    expect(await runs("all:1")).toBe("hello you, you\n");
    expect(await runs("all:1", "/work/dir/a.txt", "/sub/b")).toBe("a\nb\n");
    expect(await config("all:1")).toMatchObject({
      Env: expect.arrayContaining(["GREETING=hello you", "HOME=/root"]),
      Labels: { a: "1", "b c": "d e" },
      WorkingDir: "/work/dir",
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      Volumes: { "/data": {} },
      User: "1000:1000",
      StopSignal: "SIGUSR1",
      Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 5e9, Retries: 2 },
      Shell: ["/bin/sh", "-e", "-c"],
      OnBuild: ["RUN echo never"],
      Entrypoint: ["cat"],
      Cmd: ["/work/dir/said"],
    });
    const history = must(await suite.daemon.docker("history", "--no-trunc", "all:1")).stdout;
    expect(history).toContain('RUN |1 WHO=you /bin/sh -c echo "$GREETING, $WHO" > said');
  });

  test("a second build is cached and gives the same image; a changed file is noticed", async () => {
    const directory = await contextDirectory(
      suite.daemon,
      "FROM busybox\nRUN echo $RANDOM > /random\nCOPY a /a\nRUN cat /a > /b\n",
      { a: "1" },
    );
    const first = must(await dockerBuild(suite.daemon, directory, "-q")).stdout;
    expect(first).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    const second = must(await dockerBuild(suite.daemon, directory, "-t", "cached"));
    expect(second.stdout.match(/Using cache/g)).toHaveLength(3);
    expect(must(await dockerBuild(suite.daemon, directory, "-q")).stdout).toBe(first);
    await writeFile(join(directory, "a"), "2");
    const third = must(await dockerBuild(suite.daemon, directory, "-t", "cached"));
    expect(third.stdout.match(/Using cache/g)).toHaveLength(1);
    expect(await runs("cached", "cat", "/b")).toBe("2");
    const fourth = must(await dockerBuild(suite.daemon, directory, "--no-cache"));
    expect(fourth.stdout).not.toContain("Using cache");
  });

  test("--cache-from takes steps from an image that is here", async () => {
    const dockerfile = "FROM busybox\nRUN date +%N > /random\nRUN cat /random > /again\n";
    const image = "from-cache:1";
    must(await build(dockerfile, {}, "-t", image, "--cache-from", image));
    const made = await runs(image, "cat", "/random");
    must(await suite.daemon.docker("builder", "prune", "-af"));
    must(await build(`${dockerfile}LABEL a=b\n`, {}, "-t", "from-cache:2", "--cache-from", image));
    expect(await runs("from-cache:2", "cat", "/random")).toBe(made);
    must(await build("FROM busybox\n", {}, "--cache-from", "127.0.0.1:1/nowhere:1"));
  });

  test("stages, --target, COPY --from of stages, numbers and images", async () => {
    const dockerfile = `
FROM busybox AS one
RUN mkdir /out && echo one > /out/file && chown 7:8 /out/file && chmod 640 /out/file
FROM busybox AS unneeded
RUN false
FROM busybox AS two
COPY --from=one /out /from-one
COPY --from=0 /out/file /number
COPY --from=busybox /bin/busybox /copied
COPY --from=one --chown=9 --chmod=600 /out/file /owned
FROM one AS three
RUN echo three >> /out/file
FROM two
COPY --from=three /out/file /three
`;
    must(await build(dockerfile, {}, "-t", "stages"));
    expect(await runs("stages", "cat", "/from-one/file", "/number", "/three")).toBe(
      "one\none\none\nthree\n",
    );
    const listed = await runs("stages", "stat", "-c", "%a %u:%g %n", "/number", "/owned");
    expect(listed).toBe("640 7:8 /number\n600 9:9 /owned\n");
    must(await build(dockerfile, {}, "-t", "target", "--target", "one"));
    expect(await runs("target", "ls", "/out")).toBe("file\n");
  });

  test("ONBUILD of a base image runs in the image that is made from it", async () => {
    must(
      await build("FROM busybox\nONBUILD COPY x /x\nONBUILD RUN cat /x > /y\n", {}, "-t", "parent"),
    );
    must(await build("FROM parent\nRUN cat /y > /z\n", { x: "triggered" }, "-t", "child"));
    expect(await runs("child", "cat", "/z")).toBe("triggered");
    expect((await config("child"))["OnBuild"] ?? null).toBeNull();
  });

  test("COPY: patterns, directories, links, .dockerignore, here-documents", async () => {
    const dockerfile = `
FROM busybox
ENV PLACE=/root
COPY *.txt sub/* /flat/
COPY . /all/
COPY link /followed
COPY <<one <<"two" /docs/
first $PLACE
one
second $PLACE
two
`;
    const files: ContextFiles = {
      "a.txt": "a",
      "b.txt": "b",
      "c.log": "c",
      "sub/d": { mode: 0o750, text: "d" },
      "keep/e.log": "e",
      link: { link: "a.txt" },
      ".dockerignore": "*.log\n**/*.log\n!keep/*.log\nDockerfile\n",
    };
    must(await build(dockerfile, files, "-t", "copied"));
    expect(await runs("copied", "ls", "/flat")).toBe("a.txt\nb.txt\nd\n");
    expect(await runs("copied", "find", "/all", "-type", "f")).not.toContain("c.log");
    expect(await runs("copied", "find", "/all")).toContain("/all/keep/e.log");
    expect(
      await runs("copied", "stat", "-c", "%F %a", "/all/link", "/all/sub/d", "/followed"),
    ).toBe("symbolic link 777\nregular file 750\nregular file 644\n");
    expect(await runs("copied", "cat", "/docs/one", "/docs/two")).toBe(
      "first /root\nsecond $PLACE\n",
    );
  });

  test("RUN --mount: bind, cache, tmpfs and no network", async () => {
    const dockerfile = `
FROM busybox AS tools
RUN echo tool > /tool
FROM busybox
RUN --mount=type=bind,target=/ctx --mount=type=bind,from=tools,source=/tool,target=/t cat /ctx/a /t > /seen
RUN --mount=type=cache,target=/var/cache/x echo cached >> /var/cache/x/f; cp /var/cache/x/f /copy
RUN --mount=type=tmpfs,target=/scratch echo x > /scratch/f
RUN --mount=type=bind,target=/ctx,rw echo scribble > /ctx/a
RUN --network=none ls /sys/class/net > /net
`;
    must(await build(dockerfile, { a: "context\n" }, "-t", "mounts"));
    expect(await runs("mounts", "cat", "/seen")).toBe("context\ntool\n");
    expect(await runs("mounts", "cat", "/copy")).toBe("cached\n");
    expect(await runs("mounts", "cat", "/net")).toBe("lo\n");
    expect(await runs("mounts", "ls", "/")).not.toMatch(/ctx|scratch/);
    expect(await runs("mounts", "ls", "/var")).not.toContain("cache");
    must(
      await build(
        dockerfile.replace("echo cached", "echo again"),
        { a: "context\n" },
        "-t",
        "mounts",
      ),
    );
    expect(await runs("mounts", "cat", "/copy")).toBe("cached\nagain\n");
  });

  test("failures are told in Docker's words and with its exit codes", async () => {
    const failed = await build("FROM busybox\nRUN echo before; exit 7\n");
    expect(failed.code).toBe(7);
    expect(failed.stdout).toContain("before\n");
    expect(failed.stderr).toContain(
      "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7",
    );
    const wrong: [dockerfile: string, message: string][] = [
      ["FROM busybox\nCOPYY a b\n", "unknown instruction: COPYY (did you mean COPY?)"],
      ["FROM busybox\nCOPY nothing /\n", "COPY failed: file not found in build context"],
      ["FROM busybox\nCOPY a b /c\n", "the destination must be a directory and end with a /"],
      ["FROM busybox AS a\nCOPY --from=b / /\nFROM a AS b\n", "circular dependency"],
      ["FROM busybox\nUSER nobody-here\nRUN true\n", "unable to find user nobody-here"],
    ];
    for (const [dockerfile, message] of wrong) {
      const result = await build(dockerfile, { a: "", b: "" });
      expect(result.code).not.toBe(0);
      expect(result.stderr).toContain(message);
    }
  });

  test("a Dockerfile from standard input, with a context or alone", async () => {
    const env = { DOCKER_BUILDKIT: "0" };
    const stdin = "FROM busybox\nRUN echo alone > /f\n";
    must(await suite.daemon.docker("build", "-t", "alone", "-", { stdin, env }));
    expect(await runs("alone", "cat", "/f")).toBe("alone\n");
  });

  test("prune frees what no image needs, and system df knows of it", async () => {
    const before = must(await suite.daemon.docker("system", "df")).stdout;
    expect(before).toMatch(/Build Cache +\d+/);
    must(await build("FROM busybox\nRUN dd if=/dev/zero of=/zeros bs=1024 count=2000\n", {}, "-q"));
    const pruned = must(await suite.daemon.docker("builder", "prune", "-af")).stdout;
    expect(pruned).toContain("Total reclaimed space:");
    const after = must(await suite.daemon.docker("system", "df")).stdout;
    expect(after).toMatch(/Build Cache +0 /);
    expect(await runs("alone", "cat", "/f")).toBe("alone\n");
  });
});

hostStaysClean(suite);
