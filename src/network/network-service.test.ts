import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inNetworkNamespace } from "../linux/namespace.ts";
import {
  createNetworkService,
  type JoinRequest,
  type NetworkEvent,
  type NetworkService,
} from "./index.ts";
import { MemoryRecords } from "./testing/memory-records.ts";
import { NetworkLab, relayCommand, run } from "./testing/network-lab.ts";

let lab: NetworkLab;
let records: MemoryRecords;
let service: NetworkService;
let events: NetworkEvent[];

const open = () =>
  createNetworkService({
    execRoot: lab.execRoot,
    records,
    relayCommand: relayCommand(lab.execRoot),
    bridge: "bnet0",
    onEvent: (event) => events.push(event),
  });
const id = (digit: string) => digit.repeat(64);
const request = (digit: string, more: Partial<JoinRequest> = {}): JoinRequest => ({
  containerId: id(digit),
  name: `c${digit}`,
  hostname: digit.repeat(12),
  networkMode: "default",
  endpoints: {},
  portBindings: {},
  publishAll: false,
  exposedPorts: [],
  ...more,
});
/** A descriptor of a joined namespace that outlives `leave`, for looking into it. */
const fdOf = (path: string | undefined) => lab.keep(path);
const links = () =>
  run("ip", "-o", "link")
    .split("\n")
    .map((line) => line.split(": ")[1] ?? "");
/** The message of what a promise is rejected with. */
const failure = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => "did not fail",
    (error: Error) => error.message,
  );
const ruleset = () => run("nft", "list", "ruleset");

beforeEach(async () => {
  lab = new NetworkLab();
  records = new MemoryRecords();
  events = [];
  service = open();
  await service.start();
});
afterEach(async () => {
  await service.cleanUp();
  await service.close();
  while (existsSync(`${lab.execRoot}/relay.sock`)) {
    if (run("sh", "-c", `ss -lx | grep -c ${lab.execRoot}/relay.sock || true`).trim() === "0")
      break;
    await Bun.sleep(20);
  }
  lab.close();
});

describe("default networks", () => {
  test("exist after start, with the first subnet that is free", () => {
    expect(
      service
        .list()
        .map(({ Name, Driver }) => `${Name} ${Driver}`)
        .sort(),
    ).toEqual(["bridge bridge", "host host", "none null"]);
    const bridge = service.inspect("bridge");
    expect(bridge).toMatchObject({
      Scope: "local",
      EnableIPv4: true,
      EnableIPv6: false,
      IPAM: {
        Driver: "default",
        Options: null,
        Config: [{ Subnet: "172.17.0.0/16", Gateway: "172.17.0.1" }],
      },
      Containers: {},
    });
    expect(bridge.Options?.["com.docker.network.bridge.name"]).toBe("bnet0");
    expect(run("ip", "-4", "-o", "addr", "show", "bnet0")).toContain("172.17.0.1/16");
  });

  test("keep their ids and subnet over a restart, and step aside for the host", async () => {
    const before = service.inspect("bridge");
    await service.close();
    service = open();
    await service.start();
    await expect(service.inspect("bridge")).toEqual(before);
    await service.cleanUp();
    await service.close();
    run("ip", "addr", "add", "172.17.9.1/24", "dev", "up0");
    service = open();
    await service.start();
    await expect(service.inspect("bridge")).toMatchObject({
      Id: before.Id,
      IPAM: { Config: [{ Subnet: "172.18.0.0/22" }] },
    });
  });
});

describe("join()", () => {
  test("plugs a container into the default bridge as inspect shows it", async () => {
    const { namespacePath, settings } = await service.join(
      request("a", { exposedPorts: ["80/tcp"] }),
    );
    const fd = fdOf(namespacePath);
    const bridge = service.inspect("bridge");
    const { EndpointID } = settings;
    expect(EndpointID).toMatch(/^[0-9a-f]{64}$/);
    expect(settings).toMatchObject({
      SandboxKey: namespacePath,
      Ports: { "80/tcp": null },
      Gateway: "172.17.0.1",
      IPAddress: "172.17.0.2",
      IPPrefixLen: 16,
      MacAddress: "02:42:ac:11:00:02",
      Networks: {
        bridge: {
          IPAMConfig: null,
          Links: null,
          Aliases: null,
          MacAddress: "02:42:ac:11:00:02",
          DriverOpts: null,
          GwPriority: 0,
          NetworkID: bridge.Id,
          EndpointID,
          Gateway: "172.17.0.1",
          IPAddress: "172.17.0.2",
          IPPrefixLen: 16,
          IPv6Gateway: "",
          GlobalIPv6Address: "",
          GlobalIPv6PrefixLen: 0,
          DNSNames: null,
        },
      },
    });
    expect(bridge.Containers).toEqual({
      [id("a")]: {
        Name: "ca",
        EndpointID: EndpointID ?? "",
        MacAddress: "02:42:ac:11:00:02",
        IPv4Address: "172.17.0.2/16",
        IPv6Address: "",
      },
    });
    expect(lab.inside(fd, "ip", "route")).toContain("default via 172.17.0.1 dev eth0");
    expect(lab.inside(fd, "ip", "-6", "-o", "addr", "show", "eth0")).toBe("");
    await expect(service.settings(id("a"))).toEqual(settings);
    expect(events).toEqual([expect.objectContaining({ action: "connect", containerId: id("a") })]);
  });

  test("containers reach each other and the host; addresses come back once", async () => {
    const a = await service.join(request("a"));
    const b = await service.join(request("b"));
    lab.greet(fdOf(b.namespacePath), "0.0.0.0", 80);
    lab.greet(undefined, "172.17.0.1", 81);
    expect(await lab.ask(fdOf(a.namespacePath), "172.17.0.3", 80)).toBe("hello 172.17.0.2");
    expect(await lab.ask(fdOf(a.namespacePath), "172.17.0.1", 81)).toBe("hello 172.17.0.2");
    a.release();
    a.release();
    const c = await service.join(request("c"));
    expect(c.settings.IPAddress).toBe("172.17.0.2");
    a.release();
    expect((await service.join(request("d"))).settings.IPAddress).toBe("172.17.0.4");
  });

  test("a reused address answers at once, while the old link is still dying", async () => {
    const b = await service.join(request("b"));
    for (let round = 0; round < 10; round++) {
      const a = await service.join(request("a"));
      expect(a.settings.IPAddress).toBe("172.17.0.3");
      const fd = fdOf(a.namespacePath);
      lab.greet(fd, "0.0.0.0", 80);
      expect(await lab.ask(fdOf(b.namespacePath), "172.17.0.3", 80)).toBe("hello 172.17.0.2");
      a.release();
    }
  });

  test("outbound traffic carries the host's address", async () => {
    const { namespacePath } = await service.join(request("a"));
    lab.greet(lab.outside, "198.51.100.2", 80);
    expect(await lab.ask(fdOf(namespacePath), "198.51.100.2", 80)).toBe("hello 198.51.100.1");
  });

  test("passes a FORWARD chain that drops by default, and its DOCKER-USER", async () => {
    const { namespacePath } = await service.join(request("a"));
    // Let the look at the rules that a join brings with it pass by.
    await new Promise(setImmediate);
    run("iptables", "-P", "FORWARD", "DROP");
    run("iptables", "-N", "DOCKER-USER");
    run("iptables", "-A", "DOCKER-USER", "-j", "RETURN");
    run("iptables", "-I", "FORWARD", "-j", "DOCKER-USER");
    lab.greet(lab.outside, "198.51.100.2", 80);
    expect(await lab.ask(fdOf(namespacePath), "198.51.100.2", 80, 300)).toBeUndefined();
    await service.close();
    service = open();
    await service.start();
    const again = await service.join(request("b"));
    expect(await lab.ask(fdOf(again.namespacePath), "198.51.100.2", 80)).toBe("hello 198.51.100.1");
    expect(run("iptables", "-S", "DOCKER-USER")).toContain("-i bnet0");
  });

  test("host and none need no bridge", async () => {
    const host = await service.join(
      request("a", { networkMode: "host", exposedPorts: ["80/tcp"] }),
    );
    expect(host.namespacePath).toBeUndefined();
    expect(host.settings).toMatchObject({
      Ports: {},
      Networks: { host: { IPAddress: "", MacAddress: "" } },
    });
    const none = await service.join(request("b", { networkMode: "none" }));
    expect(Object.keys(none.settings.Networks)).toEqual(["none"]);
    expect(
      lab.inside(fdOf(none.namespacePath), "ip", "-o", "link").trim().split("\n"),
    ).toHaveLength(1);
    expect(Object.keys(service.inspect("none").Containers)).toEqual([id("b")]);
  });

  test("container: shares a running container's namespace", async () => {
    const a = await service.join(request("a"));
    const b = await service.join(request("b", { networkMode: `container:${id("a")}` }));
    expect(b.namespacePath).toBe(a.namespacePath);
    expect(b.settings).toMatchObject({ SandboxID: "", Ports: {}, Networks: {} });
    b.release();
    await expect(service.settings(id("a"))).toBeDefined();
    await expect(
      await failure(service.join(request("b", { networkMode: `container:${id("c")}` }))),
    ).toContain("cannot join network namespace of a non running container");
  });

  test("what fails leaves nothing", async () => {
    await expect(await failure(service.join(request("a", { networkMode: "nowhere" })))).toContain(
      "network nowhere not found",
    );
    const wishes = { bridge: { IPAMConfig: { IPv4Address: "172.17.0.9" } } };
    await expect(await failure(service.join(request("a", { endpoints: wishes })))).toContain(
      "user-specified IP address",
    );
    await expect(
      await failure(service.join(request("a", { portBindings: { "80/xyz": null } }))),
    ).toContain("invalid proto");
    await service.settle();
    await expect(service.settings(id("a"))).toBeUndefined();
    expect((await service.join(request("a"))).settings.IPAddress).toBe("172.17.0.2");
  });

  test("makes a bridge again that somebody removed", async () => {
    run("ip", "link", "del", "bnet0");
    const { namespacePath } = await service.join(request("a"));
    lab.greet(undefined, "172.17.0.1", 81);
    expect(await lab.ask(fdOf(namespacePath), "172.17.0.1", 81)).toBe("hello 172.17.0.2");
  });
});

describe("published ports", () => {
  const publish = (hostPort: string, hostIp = "") => ({
    "80/tcp": [{ HostIp: hostIp, HostPort: hostPort }],
  });
  const join = async (digit: string, hostPort: string, hostIp = "") => {
    const joined = await service.join(request(digit, { portBindings: publish(hostPort, hostIp) }));
    const fd = fdOf(joined.namespacePath);
    lab.greet(fd, "0.0.0.0", 80);
    return { ...joined, fd };
  };

  test("answer to the outside with the true source, to the host, to loopback and to containers", async () => {
    const { settings, fd } = await join("a", "8080");
    expect(settings.Ports).toEqual({
      "80/tcp": [
        { HostIp: "0.0.0.0", HostPort: "8080" },
        { HostIp: "::", HostPort: "8080" },
      ],
    });
    const b = await service.join(request("b"));
    expect(await lab.ask(lab.outside, NetworkLab.HOST, 8080)).toBe("hello 198.51.100.2");
    expect(await lab.ask(lab.outside, "fd51::1", 8080)).toBe("hello 172.17.0.1");
    expect(await lab.ask(undefined, "127.0.0.1", 8080)).toBe("hello 172.17.0.1");
    expect(await lab.ask(undefined, "::1", 8080)).toBe("hello 172.17.0.1");
    expect(await lab.ask(undefined, NetworkLab.HOST, 8080)).toBe("hello 198.51.100.1");
    expect(await lab.ask(fdOf(b.namespacePath), NetworkLab.HOST, 8080)).toBe("hello 172.17.0.1");
    expect(await lab.ask(fd, NetworkLab.HOST, 8080)).toBe("hello 172.17.0.1");
    expect(await lab.ask(fdOf(b.namespacePath), "172.17.0.1", 8080)).toBe("hello 172.17.0.1");
    service.leave(id("a"));
    await service.settle();
    expect(await lab.ask(undefined, "127.0.0.1", 8080, 300)).toBeUndefined();
    expect(ruleset()).not.toContain("8080");
  });

  test("what is not published is closed to the outside", async () => {
    const { fd } = await join("a", "8080");
    lab.greet(fd, "0.0.0.0", 90);
    lab.inside(lab.outside, "ip", "route", "add", "172.17.0.0/16", "via", NetworkLab.HOST);
    expect(await lab.ask(lab.outside, "172.17.0.2", 90, 300)).toBeUndefined();
    expect(await lab.ask(undefined, "172.17.0.2", 90)).toBe("hello 172.17.0.1");
  });

  test("one host address only", async () => {
    await join("a", "8081", "127.0.0.1");
    expect(await lab.ask(undefined, "127.0.0.1", 8081)).toBe("hello 172.17.0.1");
    expect(await lab.ask(lab.outside, NetworkLab.HOST, 8081, 300)).toBeUndefined();
    await join("b", "8081", NetworkLab.HOST);
    expect(await lab.ask(lab.outside, NetworkLab.HOST, 8081)).toBe("hello 198.51.100.2");
  });

  test("UDP comes through from outside and from loopback", async () => {
    const { namespacePath } = await service.join(
      request("a", { portBindings: { "53/udp": [{ HostIp: "", HostPort: "5300" }] } }),
    );
    const fd = fdOf(namespacePath);
    const server = await inNetworkNamespace(fd, () =>
      Bun.udpSocket({
        hostname: "0.0.0.0",
        port: 53,
        socket: {
          data: (socket, bytes, port, address) => {
            socket.send(`${address} ${bytes.toString()}`, port, address);
          },
        },
      }),
    );
    expect(lab.inside(fd, "ss", "-lun")).toContain(":53 ");
    const ask = async (from: number | undefined, hostname: string) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const open = () =>
        Bun.udpSocket({
          connect: { hostname, port: 5300 },
          socket: { data: (_, bytes) => resolve(bytes.toString()) },
        });
      const client = await (from === undefined ? open() : inNetworkNamespace(from, open));
      client.send("hi");
      const answer = await promise;
      client.close();
      return answer;
    };
    expect(await ask(lab.outside, NetworkLab.HOST)).toBe("198.51.100.2 hi");
    expect(await ask(undefined, "127.0.0.1")).toBe("172.17.0.1 hi");
    server.close();
  });

  test("a port that is taken is refused in Docker's words and leaves nothing", async () => {
    await join("a", "8080");
    const before = links();
    const taken = await join("b", "8080").catch((error: Error) => error.message);
    expect(taken).toMatch(
      /^failed to set up container networking: driver failed programming external connectivity on endpoint cb \([0-9a-f]{64}\): Bind for 0.0.0.0:8080 failed: port is already allocated$/,
    );
    lab.greet(undefined, "0.0.0.0", 8099);
    const foreign = await join("b", "8099").catch((error: Error) => error.message);
    expect(foreign).toContain(
      "failed to bind host port for 0.0.0.0:8099:172.17.0.3:80/tcp: address already in use",
    );
    await service.settle();
    for (let waited = 0; waited < 50 && links().length > before.length; waited++)
      await Bun.sleep(20);
    expect(links()).toEqual(before);
    expect((await join("b", "8100")).settings.IPAddress).toBe("172.17.0.3");
  });

  test("-P, ranges and many at once get ports of their own", async () => {
    const all = await service.join(
      request("a", { publishAll: true, exposedPorts: ["80/tcp", "53/udp"] }),
    );
    const ports = Object.values(all.settings.Ports).map((bindings) => bindings?.[0]?.HostPort);
    expect(ports.every((port) => Number(port) > 1024)).toBe(true);
    const digits = "bcdef";
    const joined = await Promise.all(
      [...digits].map((digit) =>
        service.join(request(digit, { portBindings: publish("9000-9004") })),
      ),
    );
    expect(joined.map(({ settings }) => settings.Ports["80/tcp"]?.[0]?.HostPort).sort()).toEqual([
      "9000",
      "9001",
      "9002",
      "9003",
      "9004",
    ]);
    await expect(
      await failure(service.join(request("0", { portBindings: publish("9000-9004") }))),
    ).toContain("all ports are allocated");
    await service.settle();
  });

  test("200 at once with any port get 200 ports", async () => {
    const joined = await Promise.all(
      Array.from({ length: 200 }, (_, index) => {
        const containerId = index.toString(16).padStart(64, "0");
        return service.join({
          ...request("a"),
          containerId,
          name: `n${index}`,
          portBindings: publish("0"),
        });
      }),
    );
    const ports = joined.map(({ settings }) => settings.Ports["80/tcp"]?.[0]?.HostPort);
    expect(new Set(ports).size).toBe(200);
    for (const { release } of joined) release();
    await service.settle();
  });

  test("rules that somebody flushed come back with the next port", async () => {
    run("nft", "flush", "ruleset");
    await join("a", "8080");
    expect(await lab.ask(lab.outside, NetworkLab.HOST, 8080)).toBe("hello 198.51.100.2");
  });
});

describe("a daemon that was killed", () => {
  /** A process in the namespace, as a container would have one. */
  const inhabit = async (path: string | undefined) => {
    const process = Bun.spawn(["nsenter", `--net=${path}`, "sleep", "60"]);
    while (run("readlink", `/proc/${process.pid}/ns/net`) === run("readlink", "/proc/self/ns/net"))
      await Bun.sleep(5);
    return process;
  };
  /** Everything that the daemon held in memory is lost; the kernel and the relay go on. */
  const restart = async () => {
    await service.close();
    service = open();
    await service.start();
  };

  test("finds its containers again; the others' ports, addresses and rules vanish", async () => {
    const binding = (port: string) => ({
      portBindings: { "80/tcp": [{ HostIp: "", HostPort: port }] },
    });
    const a = await service.join(request("a", binding("8080")));
    await service.join(request("b", binding("8081")));
    const process = await inhabit(a.namespacePath);
    lab.greet(fdOf(a.namespacePath), "0.0.0.0", 80);
    await restart();
    await service.restore([{ id: id("a"), pid: process.pid }]);
    const { SandboxKey: _, ...before } = a.settings;
    await expect(service.settings(id("a"))).toMatchObject(before);
    await expect(service.settings(id("b"))).toBeUndefined();
    expect(await lab.ask(lab.outside, NetworkLab.HOST, 8080)).toBe("hello 198.51.100.2");
    expect(await lab.ask(undefined, "127.0.0.1", 8080)).toBe("hello 172.17.0.1");
    expect(ruleset()).not.toContain("8081");
    const c = await service.join(request("c", binding("8081")));
    expect(c.settings.IPAddress).toBe("172.17.0.3");
    process.kill();
    await process.exited;
  });

  test("forgets a container whose process is gone", async () => {
    await service.join(request("a"));
    await restart();
    await service.restore([{ id: id("a"), pid: 4_000_000 }]);
    await expect(service.settings(id("a"))).toBeUndefined();
  });

  test("cleanUp() takes everything off the host", async () => {
    run("iptables", "-P", "FORWARD", "DROP");
    await restart();
    await service.join(
      request("a", { portBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } }),
    );
    await service.create({ Name: "mine" });
    await service.cleanUp();
    expect(links().filter((name) => name.startsWith("b"))).toEqual([]);
    expect(ruleset()).not.toContain("berth");
    expect(ruleset()).not.toContain("bnet0");
    expect(run("ss", "-ltn")).not.toContain(":8080");
    await service.start();
    expect(links().filter((name) => name.startsWith("b"))).toHaveLength(2);
  });
});

describe("user-defined networks", () => {
  test("create, join by name, inspect and remove", async () => {
    const { Id } = await service.create({
      Name: "mine",
      IPAM: {
        Config: [{ Subnet: "10.55.0.0/24", IPRange: "10.55.0.128/25", Gateway: "10.55.0.254" }],
      },
      Labels: { a: "b" },
    });
    const wishes = { mine: { Aliases: ["db"], IPAMConfig: { IPv4Address: "10.55.0.9" } } };
    const a = await service.join(request("a", { networkMode: "mine", endpoints: wishes }));
    expect(a.settings.Networks["mine"]).toMatchObject({
      NetworkID: Id,
      IPAddress: "10.55.0.9",
      Gateway: "10.55.0.254",
      Aliases: ["db"],
      IPAMConfig: { IPv4Address: "10.55.0.9" },
      DNSNames: ["ca", "db", "a".repeat(12)],
    });
    expect(a.settings.IPAddress).toBe("");
    const b = await service.join(request("b", { networkMode: Id.slice(0, 8) }));
    expect(b.settings.Networks["mine"]?.IPAddress).toBe("10.55.0.128");
    await expect(service.inspect("mine")).toMatchObject({
      Labels: { a: "b" },
      IPAM: {
        Config: [{ Subnet: "10.55.0.0/24", IPRange: "10.55.0.128/25", Gateway: "10.55.0.254" }],
      },
    });
    await expect(await failure(service.remove("mine"))).toContain(
      `error while removing network: network mine id ${Id} has active endpoints`,
    );
    a.release();
    b.release();
    await service.remove(Id);
    expect(() => service.inspect("mine")).toThrow("network mine not found");
    expect(links()).not.toContain(`br-${Id.slice(0, 12)}`);
    expect(events.map(({ action }) => action)).toEqual([
      "create",
      "connect",
      "connect",
      "disconnect",
      "disconnect",
      "destroy",
    ]);
  });

  test("bridges are isolated from each other, published ports are not", async () => {
    await service.create({ Name: "mine" });
    const a = await service.join(
      request("a", { portBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] } }),
    );
    const b = await service.join(request("b", { networkMode: "mine" }));
    lab.greet(fdOf(a.namespacePath), "0.0.0.0", 80);
    const inB = fdOf(b.namespacePath);
    expect(await lab.ask(inB, "172.17.0.2", 80, 300)).toBeUndefined();
    expect(await lab.ask(inB, NetworkLab.HOST, 8080)).toBe("hello 172.17.0.1");
  });

  test("an internal network knows no outside", async () => {
    await service.create({ Name: "inner", Internal: true });
    const a = await service.join(request("a", { networkMode: "inner" }));
    const b = await service.join(request("b", { networkMode: "inner" }));
    lab.greet(fdOf(b.namespacePath), "0.0.0.0", 80);
    lab.greet(lab.outside, NetworkLab.OUTSIDE, 80);
    const inA = fdOf(a.namespacePath);
    expect(a.settings.Networks["inner"]?.Gateway).toBe("");
    expect(await lab.ask(inA, b.settings.Networks["inner"]?.IPAddress ?? "", 80)).toBe(
      "hello 172.18.0.2",
    );
    lab.inside(inA, "ip", "route", "add", "default", "via", "172.18.0.1");
    expect(await lab.ask(inA, NetworkLab.OUTSIDE, 80, 300)).toBeUndefined();
  });

  test("IPv6: own addresses, masquerade and published ports", async () => {
    await service.create({
      Name: "six",
      EnableIPv6: true,
      IPAM: { Config: [{ Subnet: "fd66::/64" }] },
    });
    const a = await service.join(
      request("a", {
        networkMode: "six",
        portBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
      }),
    );
    expect(a.settings.Networks["six"]).toMatchObject({
      GlobalIPv6Address: "fd66::2",
      GlobalIPv6PrefixLen: 64,
      IPv6Gateway: "fd66::1",
      IPAddress: "172.18.0.2",
    });
    const fd = fdOf(a.namespacePath);
    lab.greet(fd, "::", 80);
    lab.greet(lab.outside, "fd51::2", 80);
    // The outside answers no neighbour solicitation in the first second of its link.
    expect(await lab.ask(fd, "fd51::2", 80)).toBe("hello fd51::1");
    expect(await lab.ask(lab.outside, "fd51::1", 8080)).toBe("hello fd51::2");
    expect(await lab.ask(undefined, "::1", 8080)).toBe("hello fd66::1");
  });

  test("connect() and disconnect() while a container runs move its ports along", async () => {
    await service.create({ Name: "inner", Internal: true });
    const a = await service.join(
      request("a", {
        networkMode: "inner",
        portBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
      }),
    );
    const fd = fdOf(a.namespacePath);
    lab.greet(fd, "0.0.0.0", 80);
    await expect(service.settings(id("a"))?.Ports).toEqual({ "80/tcp": null });
    const settings = await service.connect("bridge", id("a"), {});
    expect(settings.IPAddress).toBe("172.17.0.2");
    expect(lab.inside(fd, "ip", "route")).toContain("default via 172.17.0.1 dev eth1");
    expect(await lab.ask(lab.outside, NetworkLab.HOST, 8080)).toBe("hello 198.51.100.2");
    await expect(await failure(service.connect("bridge", id("a"), {}))).toContain(
      "already exists in network bridge",
    );
    await service.disconnect("bridge", id("a"));
    expect(Object.keys(service.settings(id("a"))?.Networks ?? {})).toEqual(["inner"]);
    await expect(service.settings(id("a"))?.Ports).toEqual({ "80/tcp": null });
    await expect(await failure(service.disconnect("bridge", id("a")))).toContain(
      "is not connected to network bridge",
    );
    expect((await service.join(request("b"))).settings.IPAddress).toBe("172.17.0.2");
  });

  test.each([
    [{ Name: "bridge" }, "operation is not permitted on predefined bridge network"],
    [{ Name: "" }, "name is empty"],
    [{ Name: "x", Driver: "overlay9" }, 'plugin "overlay9" not found'],
    [
      { Name: "x", IPAM: { Config: [{ Subnet: "10.0.0.1/24" }] } },
      "invalid subnet 10.0.0.1/24: it should be 10.0.0.0/24",
    ],
    [
      { Name: "x", IPAM: { Config: [{ Subnet: "10.0.0.0/24", Gateway: "10.0.1.1" }] } },
      "invalid gateway 10.0.1.1: parent subnet 10.0.0.0/24 doesn't contain this address",
    ],
    [
      { Name: "x", IPAM: { Config: [{ Subnet: "172.17.4.0/24" }] } },
      "Pool overlaps with other one on this address space",
    ],
    [{ Name: "x", Options: { "com.docker.network.bridge.name": 'a"b' } }, "invalid bridge name"],
  ])("create(%p) is refused", async (wish, message) => {
    await expect(await failure(service.create(wish))).toContain(message);
    await expect(service.list()).toHaveLength(3);
  });

  test("create() refuses a second network of the same name, remove() a pre-defined one", async () => {
    await service.create({ Name: "mine" });
    await expect(await failure(service.create({ Name: "mine" }))).toContain(
      "network with name mine already exists",
    );
    await expect(await failure(service.remove("host"))).toContain(
      "host is a pre-defined network and cannot be removed",
    );
    await expect(await failure(service.remove("nix"))).toContain("network nix not found");
  });
});

describe("neighbours", () => {
  test("are kept apart where the network says so", async () => {
    await service.create({
      Name: "apart",
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    });
    const a = await service.join(request("a", { networkMode: "apart" }));
    const b = await service.join(request("b", { networkMode: "apart" }));
    lab.greet(fdOf(b.namespacePath), "0.0.0.0", 80);
    lab.greet(undefined, "172.18.0.1", 81);
    expect(await lab.ask(fdOf(a.namespacePath), "172.18.0.3", 80, 300)).toBeUndefined();
    expect(await lab.ask(fdOf(a.namespacePath), "172.18.0.1", 81)).toBe("hello 172.18.0.2");
  });
});

describe("what others do to the host's rules", () => {
  const rules = (): string[] =>
    run("nft", "list", "ruleset")
      .split("\n")
      .filter((line) => !line.includes("counter"));
  const mended = async (before: string[]): Promise<boolean> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (Bun.deepEquals(rules(), before)) return true;
      await Bun.sleep(20);
    }
    return false;
  };

  for (const command of ["flush ruleset", "flush table inet TABLE", "delete table inet TABLE"]) {
    test(`is mended by itself: nft ${command}`, async () => {
      const binding = { "80/tcp": [{ HostIp: "", HostPort: "8080" }] };
      const { namespacePath } = await service.join(request("a", { portBindings: binding }));
      lab.greet(fdOf(namespacePath), "0.0.0.0", 80);
      const before = rules();
      const table = /table inet (\S+)/.exec(before.join("\n"))?.[1] ?? "";
      run("nft", ...command.replace("TABLE", table).split(" "));
      expect(rules()).not.toEqual(before);
      expect(await mended(before)).toBe(true);
      expect(await lab.ask(lab.outside, NetworkLab.HOST, 8080)).toBe("hello 198.51.100.2");
    });
  }

  test("does not keep the next container from the outside", async () => {
    run("iptables", "-P", "FORWARD", "DROP");
    const { namespacePath } = await service.join(request("a"));
    lab.greet(lab.outside, NetworkLab.OUTSIDE, 80);
    const fd = fdOf(namespacePath);
    let heard: string | undefined;
    for (let attempt = 0; attempt < 10 && heard === undefined; attempt++) {
      heard = await lab.ask(fd, NetworkLab.OUTSIDE, 80, 300);
    }
    expect(heard).toBe("hello 198.51.100.1");
  });
});

test("a UDP client that never pauses reaches the next container", async () => {
  const binding = { portBindings: { "53/udp": [{ HostIp: "", HostPort: "5300" }] } };
  const serve = async (fd: number, word: string) =>
    await inNetworkNamespace(fd, () =>
      Bun.udpSocket({
        hostname: "0.0.0.0",
        port: 53,
        socket: { data: (socket, _, port, address) => void socket.send(word, port, address) },
      }),
    );
  let heard = Promise.withResolvers<string>();
  const client = await inNetworkNamespace(lab.outside, () =>
    Bun.udpSocket({
      connect: { hostname: NetworkLab.HOST, port: 5300 },
      socket: { data: (_, bytes) => heard.resolve(bytes.toString()) },
    }),
  );
  const ask = async () => {
    heard = Promise.withResolvers();
    client.send("?");
    return await heard.promise;
  };
  const first = await service.join(request("a", binding));
  const one = await serve(fdOf(first.namespacePath), "one");
  expect(await ask()).toBe("one");
  first.release();
  await service.join(request("b"));
  const third = await service.join(request("c", binding));
  const two = await serve(fdOf(third.namespacePath), "two");
  expect(await ask()).toBe("two");
  for (const socket of [one, two, client]) socket.close();
});
