import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cgroupNames } from "../../runtime/index.ts";
import { cannotRun, TestContainers } from "../../runtime/test-container.ts";
import type { ContainerUpdateRequest, HostConfig } from "../../spec/index.ts";
import { systemClock } from "../clock.ts";
import type { EngineContext } from "../context.ts";
import { EventBus } from "../events/event-bus.ts";
import { Container } from "./container.ts";
import type { ContainerRecord } from "./container-record.ts";
import { parseNetDev, parseSystemCpu, statsContainer } from "./stats.ts";
import { topContainer } from "./top.ts";
import { updateContainer } from "./update.ts";

const MB = 1024 * 1024;

test("parseSystemCpu() adds up what processors did and were idle", () => {
  expect(parseSystemCpu("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\ncpu1 1\nintr 5\n")).toEqual({
    total: 280_000_000,
    processors: 2,
  });
});

test("parseNetDev() leaves out headers and the loopback", () => {
  const text = `Inter-|   Receive  |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    1000      10    1    2    0     0          0         0      500       5    3    4    0     0       0          0
`;
  expect(parseNetDev(text)).toEqual({
    eth0: {
      rx_bytes: 1000,
      rx_packets: 10,
      rx_errors: 1,
      rx_dropped: 2,
      tx_bytes: 500,
      tx_packets: 5,
      tx_errors: 3,
      tx_dropped: 4,
    },
  });
});

describe.skipIf(cannotRun() !== undefined)("of a running container", () => {
  let containers: TestContainers;
  let container: Container;
  let context: EngineContext;
  const saved: ContainerRecord[] = [];

  beforeAll(async () => {
    containers = await TestContainers.create();
    const script = "while :; do read x < /proc/uptime; done";
    const request = containers.request({ Cmd: ["sh", "-c", script] }, { PidsLimit: 50 });
    const { id, pid } = await containers.start(request);
    const record = {
      id,
      name: "busy",
      config: { ...request.config },
      hostConfig: { ...request.hostConfig, MemorySwap: 0, CpuPeriod: 0, CpuQuota: 0 },
      cgroupPath: cgroupNames(containers.host, id, request.hostConfig.CgroupParent).path,
      state: { status: "running", pid },
    } as unknown as ContainerRecord;
    container = new Container(record, (changed) => void saved.push(structuredClone(changed)));
    const clock = systemClock();
    context = {
      clock,
      host: containers.host,
      events: new EventBus(clock),
      containers: { get: () => container },
    } as unknown as EngineContext;
  });
  afterAll(() => containers.close());

  const stream = (options: { stream: boolean; oneShot: boolean }, signal: AbortSignal) =>
    statsContainer(context, "busy", options, signal);

  test("statsContainer() gives one sample at once", async () => {
    const { signal } = new AbortController();
    const [sample, ...more] = await Array.fromAsync(
      await stream({ stream: false, oneShot: true }, signal),
    );
    expect(more).toEqual([]);
    expect(sample).toMatchObject({ name: "/busy", preread: "0001-01-01T00:00:00Z" });
    expect(sample?.cpu_stats.system_cpu_usage).toBeGreaterThan(0);
    expect(sample?.memory_stats.usage).toBeGreaterThan(0);
    expect(sample?.pids_stats.limit).toBe(50);
    expect(sample?.precpu_stats.cpu_usage.total_usage).toBe(0);
  });

  test("statsContainer() gives two samples a second apart to work with", async () => {
    const { signal } = new AbortController();
    const [sample] = await Array.fromAsync(await stream({ stream: false, oneShot: false }, signal));
    const used =
      (sample?.cpu_stats.cpu_usage.total_usage ?? 0) -
      (sample?.precpu_stats.cpu_usage.total_usage ?? 0);
    expect(used).toBeGreaterThan(10_000_000);
  });

  test("statsContainer() streams until the client goes", async () => {
    const client = new AbortController();
    const samples = [];
    for await (const sample of await stream({ stream: true, oneShot: false }, client.signal)) {
      samples.push(sample);
      if (samples.length === 2) client.abort();
    }
    expect(samples).toHaveLength(2);
    expect(samples[1]?.preread).toBe(samples[0]?.read ?? "");
  });

  test("topContainer() shows the host's view of its processes", async () => {
    const { Titles, Processes } = await topContainer(context, "busy", "");
    const pid = Titles.indexOf("PID");
    expect(Titles.at(-1)).toBe("CMD");
    expect(Processes.map((row) => row[pid])).toEqual([String(container.record.state.pid)]);
    expect(Processes[0]?.at(-1)).toContain("while :; do");
    const own = await topContainer(context, "busy", "-o pid,args");
    expect(own.Titles).toEqual(["PID", "COMMAND"]);
    await expect(topContainer(context, "busy", "-o args")).rejects.toThrow(
      "Couldn't find PID field in ps output",
    );
    await expect(topContainer(context, "busy", "-o pid=X")).rejects.toThrow("is not allowed");
    await expect(topContainer(context, "busy", "--nonsense")).rejects.toThrow("error running ps");
  });

  const update = (request: ContainerUpdateRequest) => updateContainer(context, "busy", request);
  const hostConfig = (): HostConfig => container.record.hostConfig;
  const limits = () => containers.cgroup(container.id).stats();

  test("updateContainer() changes limits in place and keeps them", async () => {
    expect(await update({ Memory: 64 * MB, MemorySwap: 128 * MB, PidsLimit: 20 })).toEqual({
      Warnings: null,
    });
    expect(limits().memory.limit).toBe(64 * MB);
    expect(limits().pids.limit).toBe(20);
    expect(saved.at(-1)?.hostConfig).toMatchObject({ Memory: 64 * MB, PidsLimit: 20 });
    await update({ PidsLimit: -1, RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 } });
    expect(limits().pids.limit).toBeUndefined();
    expect(hostConfig().PidsLimit).toBeNull();
    expect(hostConfig().RestartPolicy).toEqual({ Name: "on-failure", MaximumRetryCount: 3 });
    expect(hostConfig().Memory).toBe(64 * MB);
  });

  test("updateContainer() refuses in Docker's words and leaves everything as it was", async () => {
    const before = structuredClone(hostConfig());
    const prefix = `Cannot update container ${container.id}: `;
    await expect(update({ Memory: 1000 })).rejects.toThrow("Minimum memory limit allowed is 6MB");
    await expect(update({ Memory: 512 * MB })).rejects.toThrow(
      `${prefix}Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time`,
    );
    await expect(update({ CpusetCpus: "4000" })).rejects.toThrow(
      "Requested CPUs are not available",
    );
    hostConfig().AutoRemove = true;
    await expect(
      update({ RestartPolicy: { Name: "always", MaximumRetryCount: 0 } }),
    ).rejects.toThrow(
      `${prefix}Restart policy cannot be updated because AutoRemove is enabled for the container`,
    );
    hostConfig().AutoRemove = false;
    expect(hostConfig()).toEqual({ ...before, AutoRemove: false });
  });

  test("a container that does not run has empty stats and no processes", async () => {
    container.record.state.status = "exited";
    const { signal } = new AbortController();
    const [sample] = await Array.fromAsync(await stream({ stream: false, oneShot: false }, signal));
    expect(sample).toMatchObject({ read: "0001-01-01T00:00:00Z", memory_stats: {} });
    await expect(topContainer(context, "busy", "")).rejects.toThrow(
      `container ${container.id} is not running`,
    );
  });
});
