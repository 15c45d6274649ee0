import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { readdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { getXattr, setXattr } from "../../../src/linux/xattr.ts";
import { must } from "../../harness/daemon.ts";
import { eventually, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

/** A program that writes the same number to two files, one after the other, as fast as it can. */
const TWO_FILES = "i=0; while :; do i=$((i+1)); echo $i >/data/first; echo $i >/data/second; done";

const startWriter = async () => {
  const flags = ["-d", "--name", "writer", "-v", "live:/data"];
  must(await suite.daemon.berth("run", ...flags, "busybox", "sh", "-c", TWO_FILES));
};
const cat = async (ref: string, path: string) =>
  must(await suite.daemon.berth("volume", "cat", ref, path)).stdout.trim();
const data = (volume: string) => join(suite.daemon.dataRoot, "volumes", volume, "_data");
const fill = async (volume: string, script: string) =>
  must(
    await suite.daemon.berth("run", "--rm", "-v", `${volume}:/data`, "busybox", "sh", "-c", script),
  );
const dropAll = async () => {
  must(await suite.daemon.berth("volume", "prune", "-af", "--now"));
};

describe("copies of a volume that is being written to", () => {
  test("snapshot and clone show one instant; the writer goes on", async () => {
    const { berth } = suite.daemon;
    await startWriter();
    await eventually(async () => (await berth("volume", "cat", "live", "second")).stdout !== "");
    for (let round = 0; round < 5; round++) {
      expect(must(await berth("volume", "snapshot", "live", `s${round}`)).stdout).toBe(
        `s${round}\n`,
      );
      must(await berth("volume", "clone", "live", `clone${round}`));
      for (const ref of [`live@s${round}`, `clone${round}`]) {
        const number = async (file: string) => Number.parseInt(await cat(ref, file), 10);
        const lead = (await number("first")) - (await number("second"));
        // Truncated and not yet written: the writer's own instant, which a power cut would show, too.
        if (!Number.isNaN(lead)) expect([0, 1]).toContain(lead);
      }
    }
    const before = readFileSync(join(data("live"), "first"), "utf8");
    await eventually(async () => readFileSync(join(data("live"), "first"), "utf8") !== before);
    expect(must(await berth("inspect", "-f", "{{.State.Status}}", "writer")).stdout).toBe(
      "running\n",
    );
    must(await berth("rm", "-f", "writer"));
    await dropAll();
  });

  test("a daemon that dies while it reads leaves nobody frozen, and half a copy nowhere", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    await fill("live", "dd if=/dev/zero of=/data/big bs=1M count=300 2>/dev/null");
    await startWriter();
    const clone = berth("volume", "clone", "live", "copy");
    await eventually(async () =>
      (await readdir(join(daemon.dataRoot, "volumes"))).some((name) => name.startsWith(".new-")),
    );
    await daemon.killAndRestart();
    expect((await clone).code).not.toBe(0);
    const first = () => readFileSync(join(data("live"), "first"), "utf8");
    const before = first();
    await eventually(async () => first() !== before && first() !== "");
    expect(must(await berth("inspect", "-f", "{{.State.Status}}", "writer")).stdout).toBe(
      "running\n",
    );
    expect(must(await berth("volume", "ls", "-q")).stdout).toBe("live\n");
    const left = await readdir(join(daemon.dataRoot, "volumes"));
    expect(left.filter((name) => name.startsWith(".new-"))).toEqual([]);
    must(await berth("rm", "-f", "writer"));
    await dropAll();
  });

  test("an export is whole and consistent; a client that leaves thaws the writers", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    await fill("live", "dd if=/dev/urandom of=/data/big bs=1M count=20 2>/dev/null");
    await startWriter();
    const file = join(daemon.root, "live.tar");
    must(await berth("volume", "export", "-o", file, "live"));
    const listed = await $`tar -tf ${file}`.text();
    expect(listed).toBe("./\n./big\n./first\n./second\n");
    const leaving = new AbortController();
    const response = await daemon.api("/berth/volumes/live/export", { signal: leaving.signal });
    await response.body?.getReader().read();
    leaving.abort();
    const first = () => readFileSync(join(data("live"), "first"), "utf8");
    const before = first();
    await eventually(async () => first() !== before);
    must(await berth("rm", "-f", "writer"));
    await dropAll();
  });
});

describe("volume rename", () => {
  test("containers follow, running and stopped, over a kill of everything", async () => {
    const { daemon } = suite;
    const { berth, docker } = daemon;
    const mount = ["--mount", "type=volume,source=before,target=/m"];
    must(
      await berth("run", "-d", "--name", "runs", "-v", "before:/data", "busybox", "sleep", "1000"),
    );
    must(await berth("create", "--name", "stopped", ...mount, "busybox", "cat", "/m/f"));
    must(await berth("volume", "rename", "before", "after"));
    must(await berth("exec", "runs", "sh", "-c", "echo still here >/data/f"));
    expect(must(await docker("start", "-a", "stopped")).stdout).toBe("still here\n");
    const shown = must(await docker("inspect", "runs", "stopped")).stdout;
    expect(shown).not.toContain("before");
    expect(JSON.parse(shown)[0].HostConfig.Binds).toEqual(["after:/data"]);
    expect((await berth("volume", "rm", "after")).stderr).toContain("volume is in use");
    await daemon.killAndRestart();
    must(await berth("restart", "-t", "0", "runs"));
    expect(must(await berth("exec", "runs", "cat", "/data/f")).stdout).toBe("still here\n");
    must(await berth("volume", "create", "other"));
    expect((await berth("volume", "rename", "after", "other")).stderr).toContain(
      "one of that name",
    );
    expect((await berth("volume", "rename", "none", "x1")).stderr).toContain("no such volume");
    must(await berth("rm", "-f", "runs", "stopped"));
    await dropAll();
  });

  test("a daemon that died between directory and records finishes at the next start", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    await fill("before", "echo kept >/data/f");
    must(
      await berth("create", "--name", "user", "-v", "before:/data", "busybox", "cat", "/data/f"),
    );
    await daemon.kill();
    const volumes = join(daemon.dataRoot, "volumes");
    await rename(join(volumes, "before"), join(volumes, "after"));
    const journal = JSON.stringify({ from: "before", to: "after" });
    const database = new Database(join(daemon.dataRoot, "berth.db"));
    database.run("INSERT INTO journal (kind, payload) VALUES ('volume.rename', ?)", [journal]);
    database.close();
    await daemon.up();
    expect(must(await berth("start", "-a", "user")).stdout).toBe("kept\n");
    expect(must(await berth("volume", "ls", "-q")).stdout).toBe("after\n");
    must(await berth("rm", "user"));
    await dropAll();
  });
});

describe("snapshots", () => {
  test("restore puts a state back and keeps what was there; refused while somebody runs", async () => {
    const { berth } = suite.daemon;
    await fill("db", "echo one >/data/f; chown 70:71 /data; chmod 700 /data");
    must(await berth("volume", "snapshot", "db", "good"));
    await fill("db", "echo two >/data/f; echo x >/data/new");
    must(await berth("run", "-d", "--name", "runs", "-v", "db:/data", "busybox", "sleep", "1000"));
    const refused = await berth("volume", "restore", "db", "good");
    expect(refused.stderr).toContain("it is in use by runs; stop what runs and try again");
    must(await berth("rm", "-f", "runs"));
    const done = must(await berth("volume", "restore", "db"));
    expect(done.stdout).toMatch(
      /^db: Restored from good; its former content is snapshot before-restore-/,
    );
    expect(must(await berth("volume", "browse", "db")).stdout).not.toContain("new");
    expect(await cat("db", "f")).toBe("one");
    expect((await $`stat -c %u:%g:%a ${data("db")}`.text()).trim()).toBe("70:71:700");
    const [, kept = ""] = must(await berth("volume", "snapshots", "-q", "db")).stdout.split("\n");
    expect(await cat(`db@${kept}`, "f")).toBe("two");
    must(await berth("volume", "restore", "--discard", "db", kept));
    expect(await cat("db", "new")).toBe("x");
    must(await berth("volume", "clone", "db@good", "second"));
    expect(await cat("second", "f")).toBe("one");
    must(await berth("volume", "rm", `db@${kept}`));
    expect(must(await berth("volume", "snapshots", "-q", "db")).stdout).toBe("good\n");
    expect((await berth("volume", "restore", "db", "none")).stderr).toContain(
      'find snapshot "none"',
    );
    await dropAll();
  });
});

describe("export and import", () => {
  test("owners, modes, attributes, links, holes and odd names survive", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    must(await berth("volume", "create", "from"));
    const script = [
      "mkdir -p sub/deep; echo x >sub/file; ln sub/file hard; ln -s sub/file soft",
      "chown 33:44 sub; chmod 2750 sub; chmod 4755 sub/file; mkfifo pipe; mknod dev c 1 3",
      "truncate -s 1G hole; printf end >>hole; touch 'a b:c'",
    ];
    await $`sh -ec ${script.join("\n")}`.cwd(data("from")).quiet();
    setXattr(join(data("from"), "sub/file"), "user.note", Buffer.from("hello"));
    const file = join(daemon.root, "from.tar");
    must(await berth("volume", "export", "from", "-o", file));
    expect(Bun.file(file).size).toBeLessThan(1_000_000);
    must(await berth("volume", "import", "to", file));
    const describe = async (volume: string) =>
      (await $`find . -printf ${"%p %y %m %U:%G %s %n %l %T@\\n"}`.cwd(data(volume)).text())
        .split("\n")
        .sort();
    expect(await describe("to")).toEqual(await describe("from"));
    expect(getXattr(join(data("to"), "sub/file"), "user.note")?.toString()).toBe("hello");
    expect(await $`du -sk ${data("to")} | cut -f1`.text()).toMatch(/^\d{1,3}\n$/);
    await dropAll();
  });

  test("import takes stdin and gzip, keeps what was there, and is all or nothing", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    await fill("vol", "echo old >/data/f");
    const tar = await $`cd ${daemon.root} && mkdir -p src && echo new >src/f && tar -czf - -C src .`
      .quiet()
      .then(({ stdout }) => stdout);
    const refused = await berth("volume", "import", "vol", "-", { stdin: tar });
    expect(refused.stderr).toContain("it has content; with --replace that becomes a snapshot");
    const broken = await berth("volume", "import", "--replace", "vol", "-", {
      stdin: tar.subarray(0, tar.length / 2),
    });
    expect(broken.code).toBe(1);
    expect(await cat("vol", "f")).toBe("old");
    must(await berth("volume", "import", "--replace", "vol", "-", { stdin: tar }));
    expect(await cat("vol", "f")).toBe("new");
    const [kept = ""] = must(await berth("volume", "snapshots", "-q", "vol")).stdout.split("\n");
    expect(await cat(`vol@${kept}`, "f")).toBe("old");
    const nothing = await berth("volume", "import", "fresh", "-", { stdin: "no tar at all" });
    expect(nothing.code).toBe(1);
    expect((await berth("volume", "inspect", "fresh")).code).toBe(1);
    await dropAll();
  });
});

describe("browse, cat, du and lock", () => {
  test("paths stay inside of the volume; only regular files are read", async () => {
    const { daemon } = suite;
    const { berth } = daemon;
    await writeFile(join(daemon.root, "canary"), "secret");
    await fill(
      "vol",
      "mkdir /data/d && echo in >/data/d/f && mkfifo /data/pipe && mknod /data/zero c 1 5",
    );
    await symlink(join(daemon.root, "canary"), join(data("vol"), "absolute"));
    await symlink("../../../../canary", join(data("vol"), "relative"));
    await symlink("/d/f", join(data("vol"), "inside"));
    for (const path of [
      "absolute",
      "relative",
      "../../../canary",
      "/../../../../etc/passwd",
      "d/none",
    ]) {
      const { code, stderr, stdout } = await berth("volume", "cat", "vol", path);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("no such file or directory");
    }
    expect(await cat("vol", "inside")).toBe("in");
    for (const path of ["pipe", "zero", "d"]) {
      expect((await berth("volume", "cat", "vol", path)).stderr).toContain("it is a ");
    }
    const listed = must(await berth("volume", "browse", "vol", "/")).stdout;
    expect(listed).toMatch(/^MODE +OWNER +SIZE +MODIFIED +NAME\n/);
    expect(listed).toMatch(/drwxr-xr-x +0:0 .* d\/\n/);
    expect(listed).toMatch(/prw-r--r-- .* pipe\n/);
    expect(listed).toContain("absolute -> /");
    const format = ["--format", "{{.Type}} {{.Name}}"];
    expect(must(await berth("volume", "browse", ...format, "vol", "d")).stdout).toBe("file f\n");
    expect((await berth("volume", "browse", "vol", "/none")).stderr).toContain("no such file");
    await dropAll();
  });

  test("du counts volumes and snapshots; lock keeps a volume from rm -f and prune", async () => {
    const { berth, docker } = suite.daemon;
    await fill("vol", "dd if=/dev/zero of=/data/f bs=1k count=100 2>/dev/null");
    must(await berth("volume", "snapshot", "vol", "kept"));
    expect(must(await berth("volume", "du", "-b")).stdout.replaceAll(/ +/g, " ")).toBe(
      "VOLUME NAME SIZE ON DISK FILES\nvol 102400 102400 1\nvol@kept 102400 102400 1\n",
    );
    must(await berth("volume", "lock", "vol"));
    for (const cli of [berth, docker]) {
      expect((await cli("volume", "rm", "-f", "vol")).stderr).toContain(
        "volume is locked against removal",
      );
      expect(must(await cli("volume", "prune", "-af")).stdout).not.toContain("vol\n");
    }
    expect(must(await berth("volume", "ls", "-v")).stdout).toMatch(/local +vol +yes\n/);
    must(await berth("volume", "unlock", "vol"));
    await dropAll();
  });
});

test("help and completion know every command", async () => {
  const { berth } = suite.daemon;
  const help = must(await berth("volume", "--help")).stdout;
  for (const word of "browse cat clone du export import lock rename restore snapshot snapshots trash unlock".split(
    " ",
  )) {
    expect(help).toContain(`\n  ${word} `);
    expect(must(await berth("volume", word, "--help")).stdout).toContain("Usage:  berth volume");
  }
});

hostStaysClean(suite);
