import { expect, test } from "bun:test";
import { run } from "../../harness/daemon.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

const answers = async (port: number): Promise<boolean> => {
  const { stdout } = await run(["sh", "-c", `sleep 0.3 | nc -w 2 127.0.0.1 ${port}`]);
  return stdout.includes("here");
};

test("update --publish-add and --publish-rm change the ports of a running container", async () => {
  const { daemon } = suite;
  const script = "while :; do nc -l -p 80 -e echo here; done";
  await daemon.berth("run", "-d", "--name", "web", "-p", "80", "busybox", "sh", "-c", script);
  const first = (await daemon.berth("port", "web", "80")).stdout;
  const any = Number(/:(\d+)/.exec(first)?.[1]);
  await eventually(() => answers(any), 5000);
  expect((await daemon.berth("update", "--publish-add", "18081:80", "web")).code).toBe(0);
  await eventually(() => answers(18081), 5000);
  await eventually(() => answers(any), 5000);
  expect((await daemon.docker("port", "web")).stdout).toContain("18081");
  expect((await daemon.berth("update", "--publish-rm", "18081:80", "web")).code).toBe(0);
  expect(await answers(18081)).toBe(false);
  await eventually(() => answers(any), 5000);
});

test("a taken port is refused, and the others stay", async () => {
  const { daemon } = suite;
  const holder = Bun.listen({ hostname: "0.0.0.0", port: 18082, socket: { data() {} } });
  const refused = await daemon.berth("update", "--publish-add", "18082:80", "web");
  holder.stop(true);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("18082");
  const port = Number(/:(\d+)/.exec((await daemon.berth("port", "web", "80")).stdout)?.[1]);
  await eventually(() => answers(port), 5000);
  expect((await daemon.berth("update", "--publish-rm", "80", "web")).code).toBe(0);
  expect(await answers(port)).toBe(false);
});

test("a stopped container has the port with its next start", async () => {
  const { daemon } = suite;
  await daemon.berth("stop", "-t", "0", "web");
  expect((await daemon.berth("update", "--publish-add", "18083:80", "web")).code).toBe(0);
  await daemon.berth("start", "web");
  await eventually(() => answers(18083), 5000);
  await daemon.berth("rm", "-f", "web");
});

hostStaysClean(suite);
