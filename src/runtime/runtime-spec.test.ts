import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { cannotRun, TestContainers } from "./test-container.ts";

const reason = cannotRun();
const field = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1]?.trim();
const MB = 1024 * 1024;

describe.skipIf(reason !== undefined)("a container of createRuntimeSpec()", () => {
  let containers: TestContainers;
  beforeAll(async () => {
    containers = await TestContainers.create();
  });
  afterAll(() => containers.close());

  const status = "cat /proc/self/status";

  test("holds Docker's fourteen capabilities and a seccomp filter", async () => {
    const { output } = await containers.run(status);
    for (const set of ["CapPrm", "CapEff", "CapBnd"]) {
      expect(field(output, set)).toBe("00000000a80425fb");
    }
    expect(field(output, "CapInh")).toBe("0000000000000000");
    expect(field(output, "CapAmb")).toBe("0000000000000000");
    expect(field(output, "Seccomp")).toBe("2");
    expect(field(output, "NoNewPrivs")).toBe("0");
    expect(field(output, "Groups")).toBe("0 10");
    expect(field(output, "Umask")).toBe("0022");
  });

  test("changes capabilities as asked", async () => {
    const drop = await containers.run(status, { CapDrop: ["ALL"], CapAdd: ["net_admin"] });
    expect(field(drop.output, "CapEff")).toBe("0000000000001000");
    const less = await containers.run(status, { CapDrop: ["MKNOD", "CAP_CHOWN"] });
    expect(field(less.output, "CapEff")).toBe("00000000a00425fa");
  });

  test("gives privileged everything the engine holds, and no filter", async () => {
    const script = `${status}; mount -t tmpfs x /tmp && echo mounted; ls /dev | wc -l; echo 1 > /proc/sys/vm/stat_interval && echo wrote; ls /sys/firmware | wc -l`;
    const { output } = await containers.run(script, { Privileged: true });
    const ours = readFileSync("/proc/self/status", "utf8");
    expect(field(output, "CapEff")).toBe(field(ours, "CapBnd"));
    expect(field(output, "Seccomp")).toBe("0");
    expect(output).toContain("mounted");
    expect(output).toContain("wrote");
  });

  test("a user other than root starts without capabilities", async () => {
    const { output } = await containers.run(`${status}; id; echo $HOME`, {}, { User: "alice" });
    expect(field(output, "CapEff")).toBe("0000000000000000");
    expect(field(output, "CapBnd")).toBe("00000000a80425fb");
    expect(output).toContain("uid=1000(alice) gid=100(users) groups=10(wheel),100(users)");
    expect(output).toEndWith("/home/alice\n");
  });

  test("honours no-new-privileges and seccomp=unconfined", async () => {
    const { output } = await containers.run(`${status}; unshare -U true && echo unshared`, {
      SecurityOpt: ["no-new-privileges", "seccomp=unconfined"],
    });
    expect(field(output, "NoNewPrivs")).toBe("1");
    expect(field(output, "Seccomp")).toBe("0");
    expect(output).toContain("unshared");
  });

  test("takes a seccomp profile's text", async () => {
    const profile = JSON.stringify({
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 }],
    });
    const { output } = await containers.run("mkdir /tmp/x", {
      SecurityOpt: [`seccomp=${profile}`],
    });
    expect(output).toContain("No space left on device");
  });

  test("keeps the ways out shut", async () => {
    const script = [
      "unshare -U true; echo userns=$?",
      "unshare -m true; echo mountns=$?",
      "mount -t tmpfs x /tmp; echo mount=$?",
      "head -c 1 /proc/kcore; echo kcore=$?",
      "echo firmware=$(ls /sys/firmware | wc -l)",
      "echo 1 > /proc/sys/kernel/sysrq; echo sysctl=$?",
      "echo h > /proc/sysrq-trigger; echo sysrq=$?",
      "mkdir /sys/fs/cgroup/memory/x; echo cgroup=$?",
      "mknod /tmp/vda b 254 0 && head -c 1 /tmp/vda; echo disk=$?",
      "chroot / true; echo chroot=$?",
    ].join("\n");
    const { output } = await containers.run(script);
    expect(output).toContain("userns=1");
    expect(output).toContain("mountns=1");
    expect(output).toContain("mount=1");
    expect(output).toContain("kcore=1");
    expect(output).toContain("firmware=0");
    expect(output).toContain("sysctl=1");
    expect(output).toContain("sysrq=1");
    expect(output).toContain("cgroup=1");
    expect(output).toContain("disk=1");
    expect(output).toContain("chroot=0");
  });

  test("shows nothing of the host", async () => {
    process.env["BERTH_TEST_SECRET"] = "of the host";
    const { output } = await containers.run("env; echo; ls /proc/self/fd; echo; cat /proc/mounts");
    delete process.env["BERTH_TEST_SECRET"];
    const [environment = "", descriptors, mounts = ""] = output.split("\n\n");
    const names = environment.split("\n").map((line) => line.split("=")[0]);
    expect(names.sort()).toEqual(["HOME", "HOSTNAME", "PATH", "PWD", "SHLVL"]);
    // 3 is the folder that ls has open.
    expect(descriptors).toBe("0\n1\n2\n3");
    const places = mounts
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "");
    const known = /^\/($|proc|dev|sys)/;
    expect(places.filter((place) => !known.test(place))).toEqual([]);
    expect(mounts).not.toContain("berth");
  });

  test("mounts what was asked for, as asked", async () => {
    const { output } = await containers.run(
      "touch /ro/x; touch /rw/made; grep -E ' /(ro|rw|scratch|exec) ' /proc/mounts; cat /rw/made && rm /rw/made; df -k /dev/shm | tail -1",
      { ShmSize: 8 * MB },
      {},
      {
        mounts: [
          { type: "bind", source: containers.folder, destination: "/ro", readOnly: true },
          { type: "bind", source: containers.folder, destination: "/rw/", readOnly: false },
          { type: "tmpfs", destination: "/scratch", options: ["size=1m"] },
          { type: "tmpfs", destination: "/exec", options: ["exec", "mode=700"] },
        ],
      },
    );
    expect(output).toContain("touch: /ro/x: Read-only file system");
    expect(output).toMatch(/\/ro \S+ ro,/);
    expect(output).toMatch(/\/rw \S+ rw,/);
    expect(output).toMatch(/\/scratch tmpfs rw,nosuid,nodev,noexec,relatime,size=1024k/);
    expect(output).toMatch(/\/exec tmpfs rw,nosuid,nodev,relatime,mode=700/);
    expect(output).toMatch(/shm\s+8192/);
  });

  test("makes the root read-only, but not what is the container's own", async () => {
    const { output } = await containers.run("touch /x; touch /dev/shm/y && echo shm", {
      ReadonlyRootfs: true,
    });
    expect(output).toContain("touch: /x: Read-only file system");
    expect(output).toContain("shm");
  });

  test("sets limits in the cgroup before the program runs", async () => {
    const root = "/sys/fs/cgroup";
    const script = `cat ${root}/memory/memory.limit_in_bytes ${root}/memory/memory.memsw.limit_in_bytes ${root}/pids/pids.max ${root}/cpu/cpu.cfs_quota_us ${root}/cpu/cpu.shares ${root}/cpuset/cpuset.cpus`;
    const { output } = await containers.run(script, {
      Memory: 64 * MB,
      MemorySwap: 128 * MB,
      PidsLimit: 77,
      NanoCpus: 500_000_000,
      CpuShares: 512,
      CpusetCpus: "0",
    });
    if (containers.host.cgroup.mode === "v2") return;
    expect(output.split("\n")).toEqual([
      String(64 * MB),
      String(128 * MB),
      "77",
      "50000",
      "512",
      "0",
      "",
    ]);
  });

  test("sets ulimits, sysctls, host name, groups, working folder and environment", async () => {
    const { output, log } = await containers.run(
      "ulimit -n; ulimit -Hn; ulimit -c; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname; hostname; id -G; pwd; echo $FOO $TERM; cat /proc/self/oom_score_adj",
      {
        Ulimits: [
          { Name: "nofile", Soft: 100, Hard: 200 },
          { Name: "core", Soft: -1, Hard: -1 },
        ],
        Sysctls: { "net.ipv4.ip_forward": "1" },
        GroupAdd: ["audio", "4242"],
        OomScoreAdj: 100,
      },
      { Domainname: "example", WorkingDir: "/made/here", Env: ["FOO=bar", "TERM=dumb"] },
    );
    expect(log).toBe("");
    expect(output.split("\n")).toEqual([
      "100",
      "200",
      "unlimited",
      "1",
      "example",
      "unit",
      "0 10 29 4242",
      "/made/here",
      "bar dumb",
      "100",
      "",
    ]);
  });

  test("adds devices with their cgroup rule", async () => {
    const { output } = await containers.run(
      "test -c /dev/mine && echo there; head -c 4 /dev/mine; echo",
      {
        Devices: [
          { PathOnHost: "/dev/kmsg", PathInContainer: "/dev/mine", CgroupPermissions: "w" },
        ],
      },
    );
    expect(output).toStartWith("there\n");
    expect(output).toContain("/dev/mine: Operation not permitted");
  });

  test("puts an init in front", async () => {
    if ("missing" in containers.host.init) return;
    const { output } = await containers.run("cat /proc/1/cmdline | tr '\\0' ' '", { Init: true });
    expect(output).toStartWith("/sbin/docker-init -- sh -c");
  });

  test("joins the host's namespaces when told to", async () => {
    const { output } = await containers.run(
      "for n in ipc uts net pid; do readlink /proc/self/ns/$n; done",
      { IpcMode: "host", UTSMode: "host", PidMode: "host", NetworkMode: "host" },
      {},
      { namespaces: { network: "host" } },
    );
    const { stdout } = Bun.spawnSync([
      "readlink",
      ...["ipc", "uts", "net", "pid"].map((name) => `/proc/self/ns/${name}`),
    ]);
    expect(output).toBe(stdout.toString());
  });

  test("a bind takes the mounts below it along, read-only too, unless told otherwise", async () => {
    const below = (more: object) =>
      containers.run(
        "touch /m/shm/x && echo wrote && rm /m/shm/x; grep -c ' /m/' /proc/mounts",
        {},
        {},
        {
          mounts: [{ type: "bind", source: "/dev", destination: "/m", readOnly: true, ...more }],
        },
      );
    expect((await below({})).output).toContain("Read-only file system");
    expect((await below({ recursiveReadOnly: "never" })).output).toContain("wrote");
    expect((await below({ recursive: false })).output).toEndWith("\n0\n");
  });

  test("a cgroup namespace of its own hides where it is", async () => {
    const { output } = await containers.run("cat /proc/self/cgroup", { CgroupnsMode: "private" });
    expect(
      output
        .trim()
        .split("\n")
        .filter((line) => !line.endsWith(":/")),
    ).toEqual([]);
  });

  test("exec runs beside it with the same guards", async () => {
    const request = containers.request({ Cmd: ["sleep", "100"], Env: ["A=1", "B=1"] });
    const { id, pid } = await containers.start(request);
    const result = await containers.exec(id, {
      container: request,
      rootfs: `/proc/${pid}/root`,
      args: ["sh", "-c", `${status}; echo $A$B; pwd; id -u; unshare -U true; exit 3`],
      env: ["B=2"],
      user: "alice",
      workingDir: "/tmp",
    });
    expect(result.exitCode).toBe(3);
    expect(field(result.output, "Seccomp")).toBe("2");
    expect(field(result.output, "CapEff")).toBe("0000000000000000");
    expect(result.output).toContain("12\n/tmp\n1000\n");
    expect(result.output).toContain("Operation not permitted");
    const privileged = await containers.exec(id, {
      container: request,
      args: ["cat", "/proc/self/status"],
      privileged: true,
    });
    const ours = readFileSync("/proc/self/status", "utf8");
    expect(field(privileged.output, "CapEff")).toBe(field(ours, "CapBnd"));
    await containers.remove(id);
  });
});

describe.skipIf(reason !== undefined || Bun.which("runc") === null)("the same with runc", () => {
  test("holds the same capabilities and a filter that runc compiles itself", async () => {
    const containers = await TestContainers.create("runc");
    const { output } = await containers.run("cat /proc/self/status; unshare -U true");
    await containers.close();
    expect(field(output, "CapEff")).toBe("00000000a80425fb");
    expect(field(output, "Seccomp")).toBe("2");
    expect(output).toContain("Operation not permitted");
  });
});
