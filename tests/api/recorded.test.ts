/** What command lines get to hear from the daemon has the shape that the Engine API's definition gives it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { BERTH, must, run } from "../harness/daemon.ts";
import { RecordingProxy } from "../harness/recording-proxy.ts";
import { hostStaysClean, useDaemon } from "../harness/suite.ts";
import { checkAnswer } from "./check-answer.ts";

const suite = useDaemon();
let proxy: RecordingProxy;
let socket: string;

beforeAll(async () => {
  socket = join(suite.daemon.root, "proxy.sock");
  proxy = await RecordingProxy.listen(socket, suite.daemon.socket);
});
afterAll(() => proxy.close());

const SCRIPT = [
  "version",
  "info",
  "network create --label a=b seen",
  "volume create --label a=b seen",
  "run -d --name one --network seen -v seen:/data -p 127.0.0.1::80 -m 64m --health-cmd true busybox sleep 1000",
  "run -d --name two busybox sh -c exit\\ 3",
  "ps -a -s",
  "inspect one two",
  "top one",
  "exec one echo hi",
  "stats --no-stream one",
  "logs two",
  "diff one",
  "port one",
  "update --cpu-shares 512 one",
  "rename two three",
  "wait three",
  "commit one copy:1",
  "tag copy:1 copy:2",
  "images -a",
  "image inspect copy:1",
  "history copy:1",
  "network ls",
  "network inspect seen",
  "volume ls",
  "volume inspect seen",
  "system df -v",
  "rm -f one three",
  "rmi copy:1 copy:2",
  "network rm seen",
  "volume rm seen",
  "container prune -f",
  "image prune -f",
  "volume prune -f",
  "network prune -f",
];

/** Debian's CLI speaks 1.41, a newer one beside it a newer version. */
const PROGRAMS = new Map([
  ["berth", BERTH],
  ["docker", "docker"],
  ["the distribution's docker", "/usr/bin/docker"],
]);

for (const [name, program] of PROGRAMS) {
  test(`${name}: every answer on the way is sound`, async () => {
    proxy.answers.length = 0;
    for (const line of SCRIPT) {
      const words = line.match(/(?:\\ |\S)+/g)?.map((word) => word.replaceAll("\\ ", " ")) ?? [];
      must(await run([program, "-H", `unix://${socket}`, ...words]));
    }
    expect(proxy.answers.flatMap(checkAnswer)).toEqual([]);
    const asked = new Set(proxy.answers.map(({ path }) => path.replace(/^\/v[\d.]+|\?.*$/g, "")));
    for (const path of ["/info", "/containers/json", "/images/json", "/volumes", "/networks"]) {
      expect([...asked]).toContain(path);
    }
  });
}

hostStaysClean(suite);
