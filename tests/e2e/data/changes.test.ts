import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { must } from "../../harness/daemon.ts";
import { COMMAND_LINES, commandLine, hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

const CHANGES = [
  'CMD ["cat","/d/f"]',
  "ENV A=1 B=two",
  "env C three and more",
  "EXPOSE 80/tcp 90-91",
  'LABEL x=y "with space"="a b"',
  "USER 1000",
  'VOLUME ["/data"]',
  "WORKDIR /d",
  "WORKDIR e",
  "STOPSIGNAL SIGINT",
  "HEALTHCHECK --interval=5s --retries=2 CMD true",
  "ONBUILD RUN true",
  'ENTRYPOINT ["/bin/busybox"]',
];

for (const name of COMMAND_LINES) {
  const cli = commandLine(suite, name);
  const box = `changed-${name}`;

  describe(name, () => {
    beforeAll(async () => {
      const script = [
        "echo a > /etc/new",
        "rm /bin/vi",
        "rm -rf /home && mkdir /home",
        "mkdir -p /d/e",
        "echo b > /d/f",
        "ln -s f /d/l",
        "chmod 700 /root",
        "echo v > /vol/x",
        "mknod /d/fifo p",
      ].join("; ");
      must(await cli("run", "--name", box, "-v", `v-${name}:/vol`, "busybox", "sh", "-c", script));
    });

    test("diff: added, changed, deleted; nothing of volumes", async () => {
      const lines = must(await cli("diff", box)).stdout.split("\n");
      for (const line of ["C /bin", "D /bin/vi", "A /d", "A /d/f", "A /d/l", "C /etc", "C /root"]) {
        expect(lines).toContain(line);
      }
      expect(lines.filter((line) => line.includes("/vol/"))).toEqual([]);
      must(await cli("create", "--name", `untouched-${name}`, "busybox"));
      expect(must(await cli("diff", `untouched-${name}`)).stdout).toBe("");
      expect((await cli("diff", "nobody")).stderr).toContain("No such container: nobody");
    });

    test("export: the whole tree, without what is in volumes", async () => {
      const file = join(suite.daemon.root, `exported-${name}.tar`);
      must(await cli("export", "-o", file, box));
      const listed = Bun.spawnSync(["tar", "tf", file]).stdout.toString();
      const names = listed.split("\n");
      for (const path of ["etc/new", "d/f", "bin/busybox", "vol/"]) expect(names).toContain(path);
      for (const path of ["bin/vi", "vol/x"]) expect(names).not.toContain(path);
      expect((await cli("export", "nobody")).stderr).toContain("No such container: nobody");
    });

    test("commit: every instruction, author and message", async () => {
      const changes = CHANGES.flatMap((change) => ["-c", change]);
      const about = ["-a", "Me <me@example.org>", "-m", "a message"];
      const { stdout } = must(await cli("commit", ...about, ...changes, box, `made-${name}:1`));
      expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
      const [image] = JSON.parse(must(await cli("image", "inspect", `made-${name}:1`)).stdout);
      expect(image).toMatchObject({ Author: "Me <me@example.org>", Comment: "a message" });
      expect(image.Config).toMatchObject({
        Cmd: ["cat", "/d/f"],
        Entrypoint: ["/bin/busybox"],
        ExposedPorts: { "80/tcp": {}, "90/tcp": {}, "91/tcp": {} },
        Labels: { x: "y", "with space": "a b" },
        User: "1000",
        Volumes: { "/data": {} },
        WorkingDir: "/d/e",
        StopSignal: "SIGINT",
        Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 5e9, Retries: 2 },
        OnBuild: ["RUN true"],
      });
      expect(image.Config.Env).toEqual(
        expect.arrayContaining(["A=1", "B=two", "C=three and more"]),
      );
      expect(must(await cli("run", "--rm", `made-${name}:1`)).stdout).toBe("b\n");
    });

    test("a committed image has what was changed, and lacks what was deleted", async () => {
      must(await cli("commit", box, `kept-${name}`));
      const script = "ls /bin/vi /vol/x /home/*; cat /etc/new; stat -c %a /root; readlink /d/l";
      const output = await cli("run", "--rm", `kept-${name}`, "sh", "-c", script);
      expect(output.stdout).toBe("a\n700\nf\n");
    });

    test.each([
      ["RUN true", "run is not a valid change command"],
      ["FROM x", "from is not a valid change command"],
      ["EXPOSE many", "Invalid containerPort: many"],
      ["ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"],
      ["ENV", "ENV requires at least one argument"],
    ])("commit refuses %s", async (change, words) => {
      const refusal = await cli("commit", "-c", change, box);
      expect(refusal.code).toBe(1);
      expect(refusal.stderr).toContain(words);
    });

    test("a running container is paused meanwhile, unless told not to, and goes on", async () => {
      const running = `running-${name}`;
      must(await cli("run", "-d", "--name", running, "busybox", "sleep", "1000"));
      must(await suite.daemon.berth("exec", running, "sh", "-c", "echo 1 > /state"));
      const since = String(Math.floor(Date.now() / 1000) - 1);
      must(await cli("commit", running, `live-${name}`));
      must(await cli("commit", "--pause=false", running, `live-${name}`));
      const until = (Date.now() / 1000).toFixed(3);
      const events = ["events", "--since", since, "--until", until, "--filter"];
      const filter = [`container=${running}`, "--format", "{{.Action}}"];
      const { stdout } = must(await cli(...events, ...filter));
      const verbs = stdout.split("\n").filter((verb) => /pause|commit/.test(verb));
      expect(verbs).toEqual(["pause", "unpause", "commit", "commit"]);
      const state = await cli("inspect", "-f", "{{.State.Status}}", running);
      expect(state.stdout).toBe("running\n");
      const seen = must(await cli("run", "--rm", `live-${name}`, "cat", "/state"));
      expect(seen.stdout).toBe("1\n");
      must(await cli("rm", "-f", running));
    });
  });
}

hostStaysClean(suite);
