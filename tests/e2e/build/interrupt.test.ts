import { describe, expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { contextDirectory, dockerBuild } from "../../harness/build-context.ts";
import { must, run } from "../../harness/daemon.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

interface Event {
  type: string;
  id?: string;
  text?: string;
  message?: string;
  images?: { id: string }[];
  failure?: { message: string; exitCode?: number; image?: string };
}

async function build(request: object, signal?: AbortSignal): Promise<Response> {
  return await suite.daemon.api("/berth/builds", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ context: { kind: "empty" }, ...request }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const events = async (response: Response): Promise<Event[]> =>
  (await response.text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);

async function nothingRuns(): Promise<void> {
  const { root } = suite.daemon;
  await eventually(async () => {
    const mounts = await readFile("/proc/self/mounts", "utf8");
    const work = await readdir(join(root, "data/build/work"));
    const processes = await run(["pgrep", "-f", "sleep 4321"]);
    return !mounts.includes(`${root}/data/build`) && work.length === 0 && processes.stdout === "";
  });
}

describe("a build that does not come to its end", () => {
  test("a client that hangs up leaves nothing running or mounted, and the cache is sound", async () => {
    const leave = new AbortController();
    const dockerfile = "FROM busybox\nRUN echo kept > /kept\nRUN sleep 4321\n";
    const response = await build({ dockerfile }, leave.signal);
    const reader = response.body?.getReader();
    let seen = "";
    while (!seen.includes('"vertex":"3","at"')) {
      seen += new TextDecoder().decode((await reader?.read())?.value);
    }
    leave.abort();
    await nothingRuns();
    const again = await events(await build({ dockerfile: dockerfile.replace("4321", "0") }));
    expect(again.map(({ type }) => type)).toContain("cached");
    expect(again.at(-1)?.type).toBe("result");
  });

  test("kill -9 of the daemon leaves nothing after its next start", async () => {
    const directory = await contextDirectory(
      suite.daemon,
      "FROM busybox\nRUN --mount=type=cache,target=/c echo 1 > /one\nRUN sleep 4321\n",
    );
    const building = dockerBuild(suite.daemon, directory);
    await eventually(async () => (await run(["pgrep", "-f", "sleep 4321"])).stdout !== "");
    await suite.daemon.killAndRestart();
    expect((await building).code).not.toBe(0);
    await nothingRuns();
    const list = (await (await suite.daemon.api("/berth/builds")).json()) as { status: string }[];
    expect(list.map(({ status }) => status)).not.toContain("running");
  });

  test("a failed step keeps its tree where that is wanted", async () => {
    const dockerfile = "FROM busybox\nRUN echo half > /half; exit 9\n";
    const told = await events(await build({ dockerfile, keepFailed: true }));
    const failure = told.at(-1)?.failure;
    expect(failure?.exitCode).toBe(9);
    const image = failure?.image ?? "";
    const shell = await suite.daemon.berth("run", "--rm", image, "cat", "/half");
    expect(must(shell).stdout).toBe("half\n");
  });

  test("what a failed step has left goes after an hour", async () => {
    const labels = (at: string) => `LABEL berth.build.failed=x berth.build.failed.at=${at}\n`;
    const long = new Date(Date.now() - 3_700_000).toISOString();
    const now = new Date().toISOString();
    const image = async (at: string): Promise<string> => {
      const told = await events(await build({ dockerfile: `FROM busybox\n${labels(at)}` }));
      return told.at(-1)?.images?.[0]?.id ?? "";
    };
    const [young, old] = [await image(now), await image(long)];
    const here = async (id: string) =>
      (await suite.daemon.berth("image", "inspect", id)).code === 0;
    await eventually(async () => !(await here(old)));
    expect(await here(young)).toBe(true);
  });

  test("a secret is in no layer, log, history or record", async () => {
    const canary = `canary-${crypto.randomUUID()}`;
    const dockerfile = `FROM busybox
RUN --mount=type=secret,id=s,env=S,required test -n "$S"
RUN --mount=type=secret,id=s wc -c < /run/secrets/s
`;
    const secrets = { s: Buffer.from(canary).toString("base64") };
    const told = await events(await build({ dockerfile, secrets, tags: ["secret:1"] }));
    expect(told.at(-1)?.type).toBe("result");
    expect(told.map(({ text }) => text).join("")).toContain("43");
    const found = await run(["grep", "-rl", canary, suite.daemon.root]);
    expect(found.stdout).toBe("");
    const missing = await events(await build({ dockerfile, noCache: true }));
    expect(missing.at(-1)?.failure?.message).toContain("secret s: not found");
  });

  test("the same inputs give the same digest with SOURCE_DATE_EPOCH", async () => {
    const dockerfile = "FROM busybox\nRUN date +%s%N > /dev/null; echo same > /same\n";
    const ids: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const request = { dockerfile, noCache: true, sourceDateEpoch: 1_700_000_000 };
      ids.push((await events(await build(request))).at(-1)?.images);
      await Bun.sleep(1100);
    }
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[0]).toHaveLength(1);
  });
});

hostStaysClean(suite);
