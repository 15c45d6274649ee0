import { beforeAll, describe, expect, test } from "bun:test";
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import {
  COMMAND_LINES,
  commandLine,
  DOCKER_IS_CURRENT,
  hostStaysClean,
  useDaemon,
} from "../../harness/suite.ts";

const suite = useDaemon();

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const run = (mounts: string[], ...command: string[]) =>
    cli("run", "--rm", ...mounts, "busybox", ...command);
  const shell = (mounts: string[], script: string) => run(mounts, "sh", "-c", script);

  describe(`${name}: mounts`, () => {
    let source = "";
    beforeAll(async () => {
      source = join(suite.daemon.root, `source-${name}`);
      mkdirSync(join(source, "deep"), { recursive: true });
      writeFileSync(join(source, "file"), "from the host\n");
      must(
        await cli(
          "run",
          "--name",
          `made-${name}`,
          "busybox",
          "sh",
          "-c",
          "mkdir -p /data/sub && echo content > /data/file && echo deep > /data/sub/file && chown 33:44 /data /data/file",
        ),
      );
      must(await cli("commit", `made-${name}`, `withdata-${name}`));
    });

    test("a named volume takes the image's content and owners, once", async () => {
      const look = [
        "sh",
        "-c",
        "cat /data/file /data/sub/file; stat -c %u:%g /data /data/file; echo changed > /data/file",
      ];
      const first = must(
        await cli("run", "--rm", "-v", `filled-${name}:/data`, `withdata-${name}`, ...look),
      );
      expect(first.stdout).toBe("content\ndeep\n33:44\n33:44\n");
      const second = must(
        await cli("run", "--rm", "-v", `filled-${name}:/data`, `withdata-${name}`, ...look),
      );
      expect(second.stdout).toStartWith("changed\n");
    });

    test("two containers at once fill a new volume once", async () => {
      const start = () =>
        cli(
          "run",
          "--rm",
          "-v",
          `raced-${name}:/data`,
          `withdata-${name}`,
          "cat",
          "/data/sub/file",
        );
      const both = await Promise.all([start(), start(), start()]);
      expect(both.map(({ stdout }) => stdout)).toEqual(["deep\n", "deep\n", "deep\n"]);
    });

    test("nocopy leaves it empty, by -v and by --mount", async () => {
      const list = async (...mount: string[]) =>
        must(await cli("run", "--rm", ...mount, `withdata-${name}`, "ls", "/data")).stdout;
      expect(await list("-v", `empty1-${name}:/data:nocopy`)).toBe("");
      expect(await list("--mount", `type=volume,src=empty2-${name},dst=/data,volume-nocopy`)).toBe(
        "",
      );
    });

    test("-v makes a missing directory of the host, --mount refuses it", async () => {
      const made = join(suite.daemon.root, `made-by-v-${name}`);
      must(await run(["-v", `${made}:/x`], "true"));
      expect(statSync(made).isDirectory()).toBe(true);
      const refusal = await run(["--mount", `type=bind,src=${made}-not,dst=/x`], "true");
      expect(refusal.code).toBe(125);
      expect(refusal.stderr).toContain(`bind source path does not exist: ${made}-not`);
    });

    test("read-only, for the mounts below too where that is asked for", async () => {
      const write = "echo x > /m/new && echo written; true";
      expect(must(await shell(["-v", `${source}:/m:ro`], write)).stdout).toBe("");
      expect(
        must(await shell(["--mount", `type=bind,src=${source},dst=/m,ro`], write)).stdout,
      ).toBe("");
      const recursive = `type=bind,src=${source},dst=/m,readonly,bind-recursive=readonly,bind-propagation=rprivate`;
      if (DOCKER_IS_CURRENT || name === "berth") {
        expect(must(await shell(["--mount", recursive], write)).stdout).toBe("");
      }
    });

    test("a file, spaces, a name of 255 bytes, a colon refused", async () => {
      expect(must(await run(["-v", `${source}/file:/f`], "cat", "/f")).stdout).toBe(
        "from the host\n",
      );
      const odd = join(suite.daemon.root, `with space ${name}`);
      mkdirSync(odd);
      must(await shell(["-v", `${odd}:/a b`], "touch '/a b/x'"));
      expect(statSync(join(odd, "x")).isFile()).toBe(true);
      must(await shell(["-v", `${odd}:/${"n".repeat(255)}`], "true"));
      const colons = await run(["-v", "/a:/b:/c:/d"], "true");
      expect(colons.code).toBe(125);
      expect(colons.stderr).toMatch(/invalid (?:volume )?spec/);
    });

    test("a file over a directory is refused in words", async () => {
      const refusal = await run(["-v", `${source}/file:/bin`], "true");
      expect(refusal.code).not.toBe(0);
      expect(refusal.stderr.toLowerCase()).toMatch(/not a directory|directory/);
    });

    test("the same place twice is refused", async () => {
      const refusal = await run(
        ["-v", `${source}:/m`, "--mount", `type=bind,src=${source},dst=/m/`],
        "true",
      );
      expect(refusal).toMatchObject({ code: 125 });
      expect(refusal.stderr).toContain("Duplicate mount point: /m");
    });

    test("tmpfs: size, mode, options", async () => {
      const { stdout } = must(
        await shell(
          [
            "--mount",
            "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770",
            "--tmpfs",
            "/u:size=2m,exec",
          ],
          "stat -c %a /t; df -k /t /u | awk 'NR>1 {print $2}'; grep ' /u ' /proc/mounts | grep -c noexec; true",
        ),
      );
      expect(stdout).toBe("1770\n1024\n2048\n0\n");
    });

    test("sub-paths of a volume", async () => {
      must(
        await shell(
          ["-v", `tree-${name}:/v`],
          "mkdir -p /v/a/b && echo here > /v/a/b/f && echo f > /v/file",
        ),
      );
      const mount = (path: string) => [
        "--mount",
        `type=volume,src=tree-${name},dst=/m,volume-subpath=${path}`,
      ];
      if (!DOCKER_IS_CURRENT && name === "docker") return;
      expect(must(await run(mount("a/b"), "cat", "/m/f")).stdout).toBe("here\n");
      expect(must(await run(mount("file"), "cat", "/m")).stdout).toBe("f\n");
      expect((await run(mount("none"), "true")).stderr).toContain("no such file or directory");
      expect((await run(mount("../x"), "true")).stderr).toContain(
        "subpath must be a relative path within the volume",
      );
    });

    test("an image as a mount, read-only, and its sub-paths; the image stays as long", async () => {
      if (!DOCKER_IS_CURRENT && name === "docker") return;
      const mount = `type=image,src=withdata-${name},dst=/i`;
      expect(must(await run(["--mount", mount], "cat", "/i/data/sub/file")).stdout).toBe("deep\n");
      expect(
        must(await run(["--mount", `${mount},image-subpath=data/sub`], "cat", "/i/file")).stdout,
      ).toBe("deep\n");
      expect(
        must(await shell(["--mount", mount], "touch /i/x 2>/dev/null && echo written; true"))
          .stdout,
      ).toBe("");
      must(await cli("tag", `withdata-${name}`, `only-mounted-${name}`));
      must(
        await cli(
          "create",
          "--name",
          `mounts-image-${name}`,
          "--mount",
          `type=image,src=only-mounted-${name},dst=/i`,
          "busybox",
        ),
      );
      const copied = await cli("cp", `mounts-image-${name}:/i/data/sub/file`, "-");
      expect(must(copied).stdout).toContain("deep\n");
      const refused = await cli("cp", "/etc/hostname", `mounts-image-${name}:/i/`);
      expect(refused.stderr).toContain("marked read-only");
      const refusal = await cli("rmi", `withdata-${name}`, `only-mounted-${name}`);
      expect(refusal.code).toBe(1);
      must(await cli("rm", `mounts-image-${name}`));
    });

    test("--volumes-from, whole and read-only", async () => {
      must(
        await cli(
          "create",
          "--name",
          `giver-${name}`,
          "-v",
          `given-${name}:/g`,
          "-v",
          `${source}:/h`,
          "busybox",
        ),
      );
      const { stdout } = must(
        await cli(
          "run",
          "--rm",
          "--volumes-from",
          `giver-${name}:ro`,
          "busybox",
          "sh",
          "-c",
          "cat /h/file; touch /g/x 2>/dev/null && echo written; true",
        ),
      );
      expect(stdout).toBe("from the host\n");
      must(await cli("run", "--rm", "--volumes-from", `giver-${name}`, "busybox", "touch", "/g/x"));
      must(await cli("rm", `giver-${name}`));
    });

    test("anonymous volumes go with --rm and rm -v, and stay without", async () => {
      const volumes = async () => new Set((await cli("volume", "ls", "-q")).stdout.split("\n"));
      const before = await volumes();
      must(await run(["-v", "/anon"], "true"));
      expect(await volumes()).toEqual(before);
      must(await cli("create", "--name", `anon-${name}`, "-v", "/anon", "busybox"));
      must(await cli("rm", `anon-${name}`));
      const [left] = [...(await volumes())].filter((each) => !before.has(each));
      expect(left).toMatch(/^[0-9a-f]{64}$/);
      must(await cli("volume", "rm", left ?? ""));
      must(await cli("create", "--name", `anon2-${name}`, "-v", "/anon", "busybox"));
      must(await cli("rm", "-v", `anon2-${name}`));
      expect(await volumes()).toEqual(before);
    });

    const refused: [string[], string][] = [
      [["-v", "/tmp:/"], "invalid specification: destination can't be '/'"],
      [["-v", "/tmp:x"], "mount path must be absolute"],
      [["-v", "/tmp:/x:xx"], "invalid mode: xx"],
      [["-v", "/tmp:/x:ro,rw"], "invalid mode: ro,rw"],
      [["-v", "/tmp:/x:nocopy"], "field VolumeOptions must not be specified"],
      [["-v", "name:/x:shared"], "field BindOptions must not be specified"],
      [["-v", "na me:/x"], "includes invalid characters for a local volume name"],
      [["-v", "/etc/passwd/x:/x"], "mkdir /etc/passwd/x: not a directory"],
      [["-v", `/tmp/${"n".repeat(256)}:/x`], "file name too long"],
      [["--tmpfs", "t"], "invalid mount path: 't' mount path must be absolute"],
      [["--tmpfs", "/"], "invalid specification: destination can't be '/'"],
      [["--tmpfs", "/t:foo=x"], 'invalid tmpfs option ["foo" "x"]'],
      [["--tmpfs", "/t", "-v", "/tmp:/t"], "Duplicate mount point: /t"],
      [["--mount", "type=bind,src=/tmp,dst=x"], "mount path must be absolute"],
      [["--mount", "type=bind,dst=/x"], "field Source must not be empty"],
      [["--mount", "type=tmpfs,src=x,dst=/x"], "field Source must not be specified"],
      [["--mount", "type=odd,src=/tmp,dst=/x"], "mount type unknown"],
      [
        ["--mount", "type=bind,src=/tmp,dst=/x,bind-propagation=odd"],
        "invalid propagation mode: odd",
      ],
      [["--volumes-from", "nobody"], "No such container: nobody"],
    ];
    test.each(refused)("refuses %p", async (mounts, words) => {
      const refusal = await run(mounts, "true");
      expect(refusal.code).toBeGreaterThan(124);
      expect(refusal.stderr).toContain(words);
    });

    test("names that are no UTF-8, and mounts on the same places of several containers", async () => {
      const tree = join(suite.daemon.root, `bytes-${name}`);
      mkdirSync(tree);
      const odd = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0xfe])]);
      writeFileSync(odd, "odd\n");
      const { stdout } = must(await shell(["-v", `${tree}:/m`], "cat /m/*; cp /m/* /m/copy"));
      expect(stdout).toBe("odd\n");
      const box = `bytes-${name}`;
      must(await cli("create", "--name", box, "-v", `${tree}:/m`, "busybox"));
      must(await cli("cp", `${box}:/m`, `${tree}-out`));
      expect(readdirSync(`${tree}-out`).length).toBe(2);
      must(await cli("cp", `${tree}-out`, `${box}:/`));
      const other = odd.subarray(tree.length + 1);
      expect(readFileSync(Buffer.concat([Buffer.from(`${tree}-out/`), other]), "utf8")).toBe(
        "odd\n",
      );
    });

    test("propagation: what the host mounts later arrives where it was asked for", async () => {
      const shared = join(suite.daemon.root, `shared-${name}`);
      mkdirSync(shared);
      const script = (...words: string[]) =>
        expect(Bun.spawnSync(["sh", "-c", words.join(" && ")]).exitCode).toBe(0);
      script(
        `mount -t tmpfs none ${shared}`,
        `mount --make-shared ${shared}`,
        `mkdir ${shared}/later`,
      );
      try {
        for (const mode of ["rslave", "rshared", "rprivate"]) {
          const box = `propagates-${mode}-${name}`;
          const sleeper = ["busybox", "sleep", "1000"];
          must(await cli("run", "-d", "--name", box, "-v", `${shared}:/m:${mode}`, ...sleeper));
          script(`mount -t tmpfs none ${shared}/later`, `touch ${shared}/later/seen`);
          const { stdout } = must(await suite.daemon.berth("exec", box, "ls", "/m/later"));
          script(`umount ${shared}/later`);
          expect([mode, stdout]).toEqual([mode, mode === "rprivate" ? "" : "seen\n"]);
          must(await cli("rm", "-f", box));
        }
      } finally {
        script(`umount ${shared}`);
      }
    });

    test("z and Z are accepted", async () => {
      must(await run(["-v", `${source}:/m:z`, "-v", `lab-${name}:/n:Z`], "true"));
    });
  });
}

describe("berth: --mount idmap", () => {
  const berth = commandLine(suite, "berth");
  const inContainer = (mount: string, script: string) =>
    berth("run", "--rm", "--mount", mount, "busybox", "sh", "-c", script);

  test("what the container's root writes belongs to the owner of the source", async () => {
    const home = join(suite.daemon.root, "home-of-1000");
    mkdirSync(home);
    writeFileSync(join(home, "theirs"), "x");
    chownSync(home, 1000, 1001);
    chownSync(join(home, "theirs"), 1000, 1001);
    const { stdout } = must(
      await inContainer(
        `type=bind,src=${home},dst=/m,idmap`,
        "stat -c %u:%g /m/theirs; touch /m/mine; chown 7:8 /m/mine; touch /m/roots",
      ),
    );
    expect(stdout).toBe("0:0\n");
    expect(statSync(join(home, "roots"))).toMatchObject({ uid: 1000, gid: 1001 });
    expect(statSync(join(home, "mine"))).toMatchObject({ uid: 7, gid: 8 });
  });

  test("ranges, and what is none", async () => {
    const home = join(suite.daemon.root, "ranges");
    mkdirSync(home);
    chownSync(home, 5000, 6000);
    must(
      await inContainer(
        `type=bind,src=${home},dst=/m,idmap=uids=5000-0-10;gids=6000-0-10`,
        "touch /m/a; chown 3:4 /m/a",
      ),
    );
    expect(statSync(join(home, "a"))).toMatchObject({ uid: 5003, gid: 6004 });
    const refusal = await inContainer(`type=bind,src=${home},dst=/m,idmap=1000`, "true");
    expect(refusal.stderr).toContain('invalid idmap "1000"');
  });

  test("of a volume, whatever the order of the words", async () => {
    must(await berth("volume", "create", "theirs"));
    const own = (mount: string, script: string) => inContainer(mount, script);
    must(await own("type=volume,src=theirs,dst=/m", "chown 1000:1000 /m"));
    must(await own("idmap,src=theirs,dst=/m", "touch /m/new"));
    const { stdout } = must(await own("type=volume,src=theirs,dst=/m", "stat -c %u:%g /m/new"));
    expect(stdout).toBe("1000:1000\n");
  });

  test("is refused where the runtime or the file system cannot", async () => {
    const mount = `type=bind,src=${suite.daemon.root},dst=/m,idmap=uids=0-5-1`;
    const runc = await berth("create", "--runtime", "runc", "--mount", mount, "busybox");
    expect(runc.stderr).toContain(
      'Cannot map the owners of "/m": the runtime runc does not know idmap, use crun',
    );
    const proc = await inContainer("type=bind,src=/proc,dst=/m,idmap=uids=0-5-1", "true");
    expect(proc.stderr).toContain("cannot map the owners of /proc: its file system cannot do that");
    must(await berth("ps", "-a"));
  });
});

hostStaysClean(suite);
