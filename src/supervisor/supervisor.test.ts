import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readAll, SupervisorFixture, splitFrames } from "./testing/supervisor-fixture.ts";

const ALL = { stdin: true, stdout: true, stderr: true };

let fixture: SupervisorFixture;
beforeEach(() => {
  fixture = new SupervisorFixture();
});
afterEach(() => fixture.tearDown());

describe("start()", () => {
  test("runs a container: output framed and logged, exit code kept until forgotten", async () => {
    const { client } = fixture;
    const attached = await client.attach("one", ALL);
    const request = fixture.container("one", "echo out; echo err >&2; exit 3");
    const { pid } = await client.start(request);
    expect(pid).toBeGreaterThan(1);
    expect(splitFrames(await readAll(attached))).toEqual({ stdout: "out\n", stderr: "err\n" });
    expect(await fixture.exitOf("one")).toMatchObject({ id: "one", exitCode: 3, pid });
    expect((await fixture.readLog("one")).split("\n").sort()).toEqual(["", "err", "out"]);
    expect(await client.processes()).toMatchObject([{ id: "one", state: "exited", pid }]);
    expect(await readAll(await client.attach("one", ALL))).toEqual(Buffer.of());
    expect(client.start(request)).rejects.toMatchObject({ kind: "already-exists" });
    await client.forget("one");
    expect(await client.processes()).toEqual([]);
  });
});
