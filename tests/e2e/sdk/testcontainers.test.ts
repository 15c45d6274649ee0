/** testcontainers, as test suites use it; without its reaper, whose image is in no local registry. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const VARIABLES = ["DOCKER_HOST", "TESTCONTAINERS_RYUK_DISABLED"] as const;
const before = VARIABLES.map((name) => [name, process.env[name]] as const);
let tc: typeof import("testcontainers");

beforeAll(async () => {
  process.env["DOCKER_HOST"] = suite.daemon.host;
  process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
  tc = await import("testcontainers");
});
afterAll(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

describe("testcontainers", () => {
  test("a server is waited for, reached, asked and stopped", async () => {
    const container = await new tc.GenericContainer("busybox:latest")
      .withCommand([
        "sh",
        "-c",
        "mkdir /www; echo page > /www/index.html; echo ready; exec httpd -f -h /www",
      ])
      .withExposedPorts(80)
      .withEnvironment({ A: "b" })
      .withCopyContentToContainer([{ content: "copied", target: "/tmp/file" }])
      .withWaitStrategy(
        tc.Wait.forAll([tc.Wait.forLogMessage("ready"), tc.Wait.forListeningPorts()]),
      )
      .start();
    const url = `http://${container.getHost()}:${container.getMappedPort(80)}/`;
    expect(await (await fetch(url)).text()).toBe("page\n");
    const { output, exitCode } = await container.exec(["sh", "-c", "echo $A; cat /tmp/file"]);
    expect([output, exitCode]).toEqual(["b\ncopied", 0]);
    const id = container.getId();
    await container.stop();
    expect((await suite.daemon.api(`/containers/${id}/json`)).status).toBe(404);
  });

  test("networks with aliases, and waiting for a health check", async () => {
    const network = await new tc.Network().start();
    const server = await new tc.GenericContainer("busybox:latest")
      .withCommand(["sh", "-c", "mkdir /www; echo net > /www/index.html; exec httpd -f -h /www"])
      .withNetwork(network)
      .withNetworkAliases("web")
      .withHealthCheck({
        test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"],
        interval: 200,
        retries: 20,
      })
      .withWaitStrategy(tc.Wait.forHealthCheck())
      .start();
    const client = await new tc.GenericContainer("busybox:latest")
      .withCommand(["sleep", "99"])
      .withNetwork(network)
      .start();
    expect((await client.exec(["wget", "-qO-", "http://web/"])).output).toBe("net\n");
    await Promise.all([server.stop({ timeout: 0 }), client.stop({ timeout: 0 })]);
    await network.stop();
  });

  test("an image of a Dockerfile", async () => {
    const directory = `${suite.daemon.root}/tc`;
    await Bun.write(
      `${directory}/Dockerfile`,
      'FROM busybox\nARG WORD\nRUN echo $WORD > /word\nCMD ["sleep","99"]\n',
    );
    const image = await tc.GenericContainer.fromDockerfile(directory)
      .withBuildArgs({ WORD: "given" })
      .build("tc-made:1", { deleteOnExit: false });
    const container = await image.start();
    expect((await container.exec(["cat", "/word"])).output).toBe("given\n");
    await container.stop({ timeout: 0 });
  });
});

hostStaysClean(suite);
