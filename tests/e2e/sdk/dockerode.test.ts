/** dockerode, the client of Node's world. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PassThrough, Readable } from "node:stream";
import Docker from "dockerode";
import { TestRegistry } from "../../harness/registry.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
let docker: Docker;
let registry: TestRegistry;

beforeAll(async () => {
  docker = new Docker({ socketPath: suite.daemon.socket });
  registry = await TestRegistry.start();
});
afterAll(() => registry.stop());

const followed = (stream: NodeJS.ReadableStream): Promise<{ stream?: string; error?: string }[]> =>
  new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error, output) => {
      if (error) reject(error);
      else resolve(output);
    });
  });

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** A multiplexed stream, taken apart. */
async function split(stream: NodeJS.ReadableStream): Promise<{ out: string; err: string }> {
  const out = new PassThrough();
  const err = new PassThrough();
  docker.modem.demuxStream(stream, out, err);
  stream.once("end", () => {
    out.end();
    err.end();
  });
  const [stdout, stderr] = await Promise.all([text(out), text(err)]);
  return { out: stdout, err: stderr };
}

describe("containers", () => {
  test("run gives output and exit code", async () => {
    const output = new PassThrough();
    const [result, container] = await docker.run(
      "busybox",
      ["sh", "-c", "echo hello; exit 3"],
      output,
      { Tty: true },
    );
    expect(result.StatusCode).toBe(3);
    expect((await container.logs({ stdout: true })).toString()).toContain("hello");
    output.end();
    expect(await text(output)).toContain("hello");
    await container.remove();
  });

  test("create, start, inspect, logs, stats, top, stop, remove", async () => {
    const container = await docker.createContainer({
      Image: "busybox",
      name: "life",
      Cmd: ["sh", "-c", "echo out; echo err >&2; exec sleep 99"],
      Labels: { a: "b" },
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] } },
    });
    await container.start();
    const info = await container.inspect();
    expect(info.State.Running).toBe(true);
    expect(info.NetworkSettings.Ports["80/tcp"]?.[0]?.HostPort).toMatch(/^\d+$/);
    const listed = await docker.listContainers({ filters: { label: ["a=b"] } });
    expect(listed.map(({ Names }) => Names)).toEqual([["/life"]]);
    await eventually(async () =>
      (await container.logs({ stdout: true, stderr: true })).toString().includes("out"),
    );
    const stats = await container.stats({ stream: false });
    expect(stats.memory_stats.usage).toBeGreaterThan(0);
    expect((await container.top()).Titles).toContain("PID");
    await container.pause();
    await container.unpause();
    await container.update({ CpuShares: 512 });
    await container.rename({ name: "renamed" });
    await container.kill({ signal: "SIGKILL" });
    expect(await container.wait()).toEqual({ StatusCode: 137 });
    await container.remove({ v: true });
    await expect(container.inspect()).rejects.toMatchObject({ statusCode: 404 });
  });

  test("attach with standard input, half-closed", async () => {
    const container = await docker.createContainer({
      Image: "busybox",
      Cmd: ["cat"],
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
    });
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    await container.start();
    stream.write("one\n");
    stream.end("two\n");
    expect((await split(stream)).out).toBe("one\ntwo\n");
    expect(await container.wait()).toEqual({ StatusCode: 0 });
    await container.remove();
  });

  test("exec with its code, archives in and out", async () => {
    const container = await docker.createContainer({ Image: "busybox", Cmd: ["sleep", "99"] });
    await container.start();
    const exec = await container.exec({
      Cmd: ["sh", "-c", "echo $A; echo e >&2; exit 4"],
      Env: ["A=b"],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: false });
    expect(await split(stream)).toEqual({ out: "b\n", err: "e\n" });
    expect((await exec.inspect()).ExitCode).toBe(4);
    const etc = await container.getArchive({ path: "/bin/busybox" });
    const other = await docker.createContainer({ Image: "busybox", Cmd: ["ls", "/tmp"] });
    await other.putArchive(etc, { path: "/tmp" });
    await other.start();
    await other.wait();
    expect((await other.logs({ stdout: true })).toString()).toContain("busybox");
    for (const one of [container, other]) await one.remove({ force: true });
  });
});

describe("images", () => {
  test("build, tag, push, remove, pull, history", async () => {
    const directory = `${suite.daemon.root}/ctx`;
    await Bun.write(`${directory}/Dockerfile`, "FROM busybox\nRUN echo built > /made\n");
    const tar = Bun.spawn(["tar", "-C", directory, "-c", "."]).stdout;
    const body = Readable.from(tar as unknown as AsyncIterable<Uint8Array>);
    const lines = await followed(await docker.buildImage(body, { t: "made:1" }));
    expect(lines.map(({ stream = "" }) => stream).join("")).toContain("Successfully tagged made:1");
    const name = `${registry.address}/made`;
    await docker.getImage("made:1").tag({ repo: name, tag: "1" });
    const image = docker.getImage(`${name}:1`);
    const auth = { authconfig: { username: "u", password: "p", serveraddress: registry.address } };
    expect((await followed(await image.push(auth))).some(({ error }) => error)).toBe(false);
    await image.remove();
    await docker.getImage("made:1").remove();
    await followed(await docker.pull(`${name}:1`));
    expect((await image.history()).length).toBeGreaterThan(1);
    expect((await docker.listImages()).flatMap(({ RepoTags }) => RepoTags)).toContain(`${name}:1`);
    await image.remove();
  });
});

describe("networks, volumes, events, the system", () => {
  test("containers find each other by name, volumes hold what was written", async () => {
    const network = await docker.createNetwork({ Name: "sdk", Labels: { a: "b" } });
    await docker.createVolume({ Name: "sdk", Labels: { a: "b" } });
    const events = (await docker.getEvents({
      filters: { container: ["server"], event: ["start", "die"] },
    })) as Readable;
    const server = await docker.createContainer({
      Image: "busybox",
      name: "server",
      Cmd: ["sh", "-c", "echo page > /www/index.html; exec httpd -f -h /www"],
      HostConfig: { NetworkMode: "sdk", Binds: ["sdk:/www"] },
    });
    await server.start();
    const output = new PassThrough();
    const fetch = "for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://server && exit; sleep .2; done";
    const options = { HostConfig: { NetworkMode: "sdk" }, Tty: true };
    const [, asked] = await docker.run("busybox", ["sh", "-c", fetch], output, options);
    expect((await asked.logs({ stdout: true })).toString()).toContain("page");
    await asked.remove();
    expect(Object.keys((await network.inspect()).Containers ?? {})).toEqual([server.id]);
    await network.disconnect({ Container: "server" });
    await network.connect({ Container: "server", EndpointConfig: { Aliases: ["again"] } });
    await server.remove({ force: true });
    const seen: string[] = [];
    for await (const chunk of events) {
      for (const line of String(chunk).trim().split("\n")) seen.push(JSON.parse(line).Action);
      if (seen.includes("die")) break;
    }
    expect(seen).toEqual(["start", "die"]);
    expect((await docker.listVolumes({ filters: '{"label":["a=b"]}' })).Volumes.length).toBe(1);
    await docker.getVolume("sdk").remove();
    await network.remove();
  });

  test("info, version, ping, df and the prunes answer", async () => {
    expect((await docker.info()).Swarm.LocalNodeState).toBe("inactive");
    expect((await docker.version()).ApiVersion).toBe("1.56");
    expect((await docker.ping()).toString()).toBe("OK");
    expect((await docker.df()).Images.length).toBeGreaterThan(0);
    expect(await docker.pruneContainers()).toMatchObject({ SpaceReclaimed: expect.any(Number) });
    expect(await docker.pruneVolumes()).toMatchObject({ SpaceReclaimed: expect.any(Number) });
    await expect(docker.listServices()).rejects.toMatchObject({ statusCode: 503 });
  });
});

hostStaysClean(suite);
