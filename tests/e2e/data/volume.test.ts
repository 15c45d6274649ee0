import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { must } from "../../harness/daemon.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();
const names = async (...flags: string[]) =>
  must(await suite.daemon.berth("volume", "ls", "-q", ...flags))
    .stdout.split("\n")
    .filter((name) => name !== "");

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const own = (text: string) => `${name}-${text}`;
  describe(`${name}: volume`, () => {
    test("create, ls with filters and formats, inspect, rm", async () => {
      const labels = ["--label", "role=one", "--label", "bare"];
      expect(must(await cli("volume", "create", ...labels, own("a"))).stdout).toBe(`${own("a")}\n`);
      const memory = ["--opt", "type=tmpfs", "--opt", "device=tmpfs", "--opt", "o=size=1m"];
      must(await cli("volume", "create", "-d", "local", ...memory, own("b")));
      const again = must(await cli("volume", "create", "-o", "type=overlay", own("b")));
      expect(again.stdout).toBe(`${own("b")}\n`);
      if (name === "berth") expect(again.stderr).toContain("keeps its own options");
      const anonymous = must(await cli("volume", "create")).stdout.trim();
      expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
      must(await cli("create", "--name", own("user"), "-v", `${own("a")}:/data`, "busybox"));

      const list = async (...filters: string[]) =>
        must(await cli("volume", "ls", "-q", ...filters.flatMap((f) => ["--filter", f]))).stdout;
      const prefix = `name=^${name}-`;
      expect(await list(prefix)).toBe(`${own("a")}\n${own("b")}\n`);
      expect(await list(prefix, "dangling=true")).toBe(`${own("b")}\n`);
      expect(await list(prefix, "dangling=0")).toBe(`${own("a")}\n`);
      expect(await list(prefix, "label=role")).toBe(`${own("a")}\n`);
      expect(await list(prefix, "label=role=two")).toBe("");
      expect(await list(prefix, "driver=local", "label=bare")).toBe(`${own("a")}\n`);
      expect(await list(prefix, "driver=nfs")).toBe("");
      const bad = await cli("volume", "ls", "--filter", "colour=red");
      expect(bad.stderr).toContain("invalid filter 'colour'");
      const format = '{{.Name}} {{.Driver}} {{.Label "role"}}';
      const shown = await cli("volume", "ls", "--filter", prefix, "--format", format);
      expect(shown.stdout).toBe(`${own("a")} local one\n${own("b")} local \n`);

      const inspected = JSON.parse(must(await cli("volume", "inspect", own("a"), own("b"))).stdout);
      expect(inspected).toMatchObject([
        {
          Name: own("a"),
          Driver: "local",
          Scope: "local",
          Labels: { role: "one", bare: "" },
          Options: null,
          Mountpoint: join(suite.daemon.dataRoot, "volumes", own("a"), "_data"),
          Status: {
            Berth: { UsedBy: [{ Name: own("user"), Running: false, Destination: "/data" }] },
          },
        },
        { Name: own("b"), Options: { type: "tmpfs", device: "tmpfs", o: "size=1m" } },
      ]);
      const used = await cli("volume", "rm", own("a"));
      expect(used.code).toBe(1);
      expect(used.stderr).toMatch(/remove \S+: volume is in use - \[[0-9a-f]{64}\]/);
      must(await cli("rm", own("user")));
      const removed = must(await cli("volume", "rm", own("a"), own("b"), anonymous));
      expect(removed.stdout).toBe(`${own("a")}\n${own("b")}\n${anonymous}\n`);
      expect((await cli("volume", "rm", own("a"))).stderr).toContain(
        `get ${own("a")}: no such volume`,
      );
      must(await cli("volume", "rm", "-f", own("a")));
      must(await suite.daemon.berth("volume", "trash", "empty", "-f"));
    });

    test("refuses wrong names, drivers and options in Docker's words", async () => {
      const refused = async (...args: string[]) => {
        const { code, stderr } = await cli("volume", "create", ...args);
        expect(code).toBe(1);
        return stderr;
      };
      expect(await refused("x")).toContain("volume name is too short");
      expect(await refused("a/b")).toContain("includes invalid characters for a local volume name");
      expect(await refused("-d", "none", "ok")).toContain('plugin "none" not found');
      expect(await refused("-o", "colour=red", "ok")).toContain('invalid option: "colour"');
      expect(await refused("-o", "type=tmpfs", "ok")).toContain(
        'missing required option: "device"',
      );
      expect(await refused("-o", "size=bad", "ok")).toContain("create ok: invalid size: 'bad'");
      expect(await refused("-o", "size=10m", "ok")).toMatch(
        /quota size requested but no quota support \(.* mount ext4 .* or xfs with "prjquota"\)/,
      );
      const bounded = await cli("create", "--storage-opt", "size=1g", "busybox");
      expect(bounded.stderr).toContain("--storage-opt is supported only for overlay over xfs with");
      expect((await cli("create", "--storage-opt", "colour=red", "busybox")).stderr).toContain(
        "Unknown option colour",
      );
      expect((await cli("volume", "inspect", "none")).stderr).toContain("no such volume");
    });

    test("prune: anonymous ones, with -a all, with labels; used and locked ones stay", async () => {
      must(await cli("volume", "create", "--label", "keep", own("kept")));
      must(await cli("volume", "create", own("plain")));
      must(await cli("volume", "create", own("locked")));
      must(await suite.daemon.berth("volume", "lock", own("locked")));
      must(
        await cli(
          "create",
          "--name",
          own("user"),
          "-v",
          `${own("used")}:/d`,
          "-v",
          "/anon",
          "busybox",
        ),
      );
      const anonymous = must(await cli("volume", "create")).stdout.trim();
      const first = must(await cli("volume", "prune", "-f"));
      expect(first.stdout).toContain(`Deleted Volumes:\n${anonymous}\n`);
      expect(await names()).toEqual(expect.arrayContaining([own("kept"), own("plain")]));
      const flags = ["-af", "--filter", "label!=keep"];
      const preview = must(await suite.daemon.berth("volume", "prune", "--dry-run", ...flags));
      expect(preview.stdout).toContain(
        `Would delete:\n${own("plain")}\n\nTotal reclaimable space: 0B`,
      );
      must(await cli("volume", "prune", ...flags));
      expect(await names("--filter", `name=^${name}-`)).toEqual(
        [own("kept"), own("locked"), own("used")].sort(),
      );
      must(await cli("rm", "-v", own("user")));
      must(await suite.daemon.berth("volume", "unlock", own("locked")));
      must(await cli("volume", "prune", "-af"));
      expect(await names()).toEqual([]);
      must(await suite.daemon.berth("volume", "trash", "empty", "-f"));
    });
  });
}

describe("a removed volume", () => {
  test("comes back from the trash, whoever removed it, over a kill of the daemon", async () => {
    const { daemon } = suite;
    for (const cli of [daemon.berth, daemon.docker]) {
      must(await cli("run", "--rm", "-v", "precious:/d", "busybox", "sh", "-c", "echo gold >/d/f"));
      must(await cli("volume", "rm", "precious"));
      const list = must(await daemon.berth("volume", "trash", "ls"));
      expect(list.stdout).toMatch(
        /^ID +VOLUME NAME +REMOVED +KEPT UNTIL +SIZE\n[0-9a-f]{12} +precious/,
      );
      await daemon.killAndRestart();
      must(await daemon.berth("volume", "trash", "restore", "precious"));
      expect(must(await daemon.berth("volume", "cat", "precious", "/f")).stdout).toBe("gold\n");
      must(await daemon.berth("volume", "rm", "--now", "precious"));
      expect(must(await daemon.berth("volume", "trash", "ls", "-q")).stdout).toBe("");
    }
  });

  test("comes back under another name where its own is taken; prune is undone too", async () => {
    const { berth } = suite.daemon;
    must(await berth("run", "--rm", "-v", "twice:/d", "busybox", "sh", "-c", "echo 1 >/d/f"));
    must(await berth("volume", "prune", "-af"));
    must(await berth("run", "--rm", "-v", "twice:/d", "busybox", "sh", "-c", "echo 2 >/d/f"));
    const refused = await berth("volume", "trash", "restore", "twice");
    expect(refused.stderr).toContain("there is a volume of that name");
    must(await berth("volume", "trash", "restore", "--name", "former", "twice"));
    expect(must(await berth("volume", "cat", "former", "f")).stdout).toBe("1\n");
    must(await berth("volume", "rm", "--now", "former", "twice"));
  });
});

describe("mounted volumes", () => {
  test("one tmpfs for all its users, over a kill of the daemon; gone after the last", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    must(await berth("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "memory"));
    must(
      await berth("run", "-d", "--name", "holder", "-v", "memory:/d", "busybox", "sleep", "1000"),
    );
    must(await berth("exec", "holder", "sh", "-c", "echo shared >/d/f"));
    await daemon.killAndRestart();
    const seen = () => berth("run", "--rm", "-v", "memory:/d", "busybox", "cat", "/d/f");
    expect(must(await seen()).stdout).toBe("shared\n");
    expect(must(await seen()).stdout).toBe("shared\n");
    expect((await berth("volume", "rm", "memory")).stderr).toContain("volume is in use");
    expect(must(await berth("volume", "cat", "memory", "f")).stdout).toBe("shared\n");
    must(await berth("rm", "-f", "holder"));
    expect((await seen()).code).toBe(1);
    const mounts = await readFile("/proc/self/mountinfo", "utf8");
    expect(mounts.includes("volumes/memory")).toBe(false);
    must(await berth("volume", "rm", "--now", "memory"));
  });

  test.skipIf(!existsSync("/dev/loop-control"))("a block device, once for all users", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    const image = join(daemon.root, "disk.img");
    await $`truncate -s 16M ${image} && mkfs.ext4 -q ${image}`.quiet();
    const device = (await $`losetup --find --show ${image}`.text()).trim();
    try {
      must(await berth("volume", "create", "-o", "type=ext4", "-o", `device=${device}`, "disk"));
      const run = (script: string) =>
        berth("run", "--rm", "-v", "disk:/d", "busybox", "sh", "-c", script);
      must(await run("echo on the disk >/d/f"));
      expect(must(await run("cat /d/f; ls -d /d/lost+found")).stdout).toContain(
        "on the disk\n/d/lost",
      );
      must(await berth("volume", "snapshot", "disk", "kept"));
      expect(must(await berth("volume", "cat", "disk@kept", "f")).stdout).toBe("on the disk\n");
      const mounts = await readFile("/proc/self/mountinfo", "utf8");
      expect(mounts.includes("volumes/disk")).toBe(false);
      must(await berth("volume", "rm", "--now", "disk"));
    } finally {
      await $`losetup --detach ${device}`.quiet();
    }
  });

  test("bind and overlay", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    const at = (...parts: string[]) => join(daemon.root, "places", ...parts);
    for (const place of ["bound", "lower", "upper", "work"])
      await mkdir(at(place), { recursive: true });
    await writeFile(at("bound/f"), "of the host");
    await writeFile(at("lower/f"), "of the lower one");
    const create = (volume: string, type: string, device: string, o: string) =>
      berth(
        "volume",
        "create",
        "-o",
        `type=${type}`,
        "-o",
        `device=${device}`,
        "-o",
        `o=${o}`,
        volume,
      );
    must(await create("bound", "none", at("bound"), "bind,ro"));
    const layers = `lowerdir=${at("lower")},upperdir=${at("upper")},workdir=${at("work")}`;
    must(await create("layered", "overlay", "overlay", layers));
    const cat = (volume: string, script: string) =>
      berth("run", "--rm", "-v", `${volume}:/d`, "busybox", "sh", "-c", script);
    expect(must(await cat("bound", "cat /d/f; echo x >/d/f || true")).stdout).toBe("of the host");
    expect(await readFile(at("bound/f"), "utf8")).toBe("of the host");
    expect(must(await cat("layered", "cat /d/f; echo new >/d/f")).stdout).toBe("of the lower one");
    expect(await readFile(at("upper/f"), "utf8")).toBe("new\n");
    must(await berth("volume", "rm", "--now", "bound", "layered"));
    expect((await stat(at("bound/f"))).isFile()).toBe(true);
  });

  test("a mount that fails is told in words", async () => {
    const { berth, docker } = suite.daemon;
    const device = "/no/such/place";
    must(
      await berth(
        "volume",
        "create",
        "-o",
        "type=none",
        "-o",
        "o=bind",
        "-o",
        `device=${device}`,
        "lost",
      ),
    );
    for (const cli of [berth, docker]) {
      const { code, stderr } = await cli("run", "--rm", "-v", "lost:/d", "busybox", "true");
      // What Docker's CLI makes of these words.
      expect(code).toBe(127);
      expect(stderr).toContain("error while mounting volume '");
      expect(stderr).toContain("no such file or directory");
      expect(stderr).toContain('volume "lost"');
      expect(stderr).toContain(device);
    }
    must(await berth("volume", "rm", "--now", "lost"));
  });
});

hostStaysClean(suite);
