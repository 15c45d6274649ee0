import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  BERTH,
  must,
  type Output,
  type RunOptions,
  type TestDaemon,
} from "../../harness/daemon.ts";
import { DOCKER_IS_CURRENT, hostStaysClean, useDaemon } from "../../harness/suite.ts";

/** What the docker CLI prints of a daemon and what Berth's prints of it are compared line by line. */
const suite = useDaemon();
const daemon = (): TestDaemon => suite.daemon;

beforeAll(async () => {
  const berth = daemon().berth;
  const run = async (...args: string[]) => must(await berth(...args));
  await run("network", "create", "--label", "a=1", "net1");
  await run("volume", "create", "--label", "a=1", "vol1");
  await run("volume", "create");
  const web = ["--name", "web", "--label", "tier=front", "--label", "long.er=x", "-v", "vol1:/v"];
  await run(
    "run",
    "-d",
    ...web,
    "-p",
    "127.0.0.1::80",
    "--network",
    "net1",
    "busybox",
    "sleep",
    "600",
  );
  await run(
    "run",
    "--name",
    "gone",
    "busybox",
    "sh",
    "-c",
    "echo a long command that is cut; exit 3",
  ).catch(() => {});
  await run("create", "--name", "new", "--network", "none", "busybox");
  await run("tag", "busybox", "registry.example:5000/team/app:v1");
}, 60_000);

/** Without times that pass between two calls, the program's name, and fields that only Berth has. */
function normal(text: string): string {
  return (
    text
      .replaceAll("berth", "docker")
      .replaceAll("Berth", "Docker")
      .replaceAll(/\d+ (?:seconds?|minutes?)|Less than a second|About a minute/g, "N seconds")
      // API 1.51 counts containers of images; docker 28.2 asks for 1.50.
      .replaceAll(/"Containers":"(?:N\/A|\d+)",/g, "")
      .replaceAll(/"Locked":"[^"]*",|,"UsedBy":"[^"]*"/g, "")
      .replaceAll(/ {2,}/g, "  ")
  );
}

async function both(words: readonly string[], options: RunOptions = {}): Promise<[Output, Output]> {
  const outputs = await Promise.all(
    [daemon().docker, daemon().berth].map(async (cli) => {
      const { code, stdout, stderr } = await cli(...words, options);
      const lines = normal(stdout).split("\n");
      // The names of one image come in any order: Docker's CLI keeps them in a map.
      const sorted = words[0] === "images" ? lines.sort() : lines;
      return { code, stdout: sorted.join("\n"), stderr: normal(stderr) };
    }),
  );
  const [docker, berth] = outputs;
  if (docker === undefined || berth === undefined) throw new Error("two command lines");
  return [docker, berth];
}

async function alike(...words: string[]): Promise<void> {
  const [docker, berth] = await both(words);
  expect({ words, ...berth }).toEqual({ words, ...docker });
}

const LISTS: readonly (readonly string[])[] = [
  ["ps"],
  ["ps", "-a"],
  ["ps", "-aq"],
  ["ps", "-a", "--no-trunc"],
  ["ps", "-n", "2"],
  ["ps", "-l"],
  ["ps", "-a", "--filter", "status=exited"],
  ["ps", "-a", "--filter", "label=tier=front", "--filter", "name=web"],
  ["ps", "-a", "--filter", "nonsense=1"],
  ["ps", "-a", "--filter", "nonsense"],
  ["images"],
  ["images", "-q"],
  ["images", "--no-trunc"],
  ["images", "--digests"],
  ["images", "busybox"],
  ["images", "nothing"],
  ["images", "--filter", "reference=registry.example:5000/*/*"],
  ["network", "ls"],
  ["network", "ls", "-q"],
  ["network", "ls", "--no-trunc"],
  ["network", "ls", "-f", "label=a=1"],
  ["volume", "ls"],
  ["volume", "ls", "-q"],
  ["volume", "ls", "-f", "dangling=true"],
  ["plugin", "ls"],
  ["plugin", "ls", "--format", "json"],
  ["history", "busybox"],
  ["history", "-q", "--no-trunc", "busybox"],
  ["history", "--format", "{{.CreatedBy}}|{{.Comment}}", "busybox"],
  ["port", "web"],
  ["port", "web", "80"],
  ["diff", "gone"],
  ["search"],
  ["system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}"],
];

const ROWS: Readonly<Record<string, readonly string[]>> = {
  ps: [
    "ID",
    "Names",
    "Image",
    "Command",
    "CreatedAt",
    "Ports",
    "State",
    "Labels",
    "Mounts",
    "Networks",
    "LocalVolumes",
  ],
  images: ["ID", "Repository", "Tag", "Digest", "CreatedSince", "CreatedAt", "Size"],
  "network ls": [
    "ID",
    "Name",
    "Driver",
    "Scope",
    "IPv4",
    "IPv6",
    "Internal",
    "Labels",
    "CreatedAt",
  ],
  "volume ls": [
    "Name",
    "Driver",
    "Scope",
    "Mountpoint",
    "Labels",
    "Links",
    "Availability",
    "Status",
  ],
};

const all = (list: string): string[] => (list === "ps" ? ["-a"] : []);

// Debian's docker of 2022 words and lays out things otherwise.
describe.skipIf(!DOCKER_IS_CURRENT)("lists are printed as docker prints them", () => {
  test.each(LISTS.map((words) => [words.join(" "), words] as const))("%s", async (_, words) => {
    await alike(...words);
  });

  test.each(Object.entries(ROWS))(
    "every field of %s, with and without a heading",
    async (list, fields) => {
      const template = fields.map((field) => `{{.${field}}}`).join("\t");
      const words = [...list.split(" "), ...all(list)];
      await alike(...words, "--format", template);
      await alike(...words, "--format", `table ${template}`);
      await alike(...words, "--format", "json");
      await alike(...words, "--format", "{{json .}}");
      await alike(...words, "--format", "table");
    },
  );

  test("every function of templates", async () => {
    for (const template of [
      "{{upper .Names}} {{lower .Image}} {{title .Names}}",
      '{{join (split .Names "e") "-"}} {{index (split .Image ":") 0}}',
      "{{pad .Names 2 3}}| {{truncate .ID 4}}",
      '{{println .Names}}{{printf "%-8s|%q|%5d" .Names .ID 3}}',
      "{{json .Names}} {{len .Names}} {{slice .ID 0 3}}",
      '{{if eq .State "running"}}up{{else}}down{{end}} {{.Label "tier"}}',
      '{{with .Ports}}{{.}}{{end}}{{/* nothing */}}{{- " x" -}}',
      '{{range $i, $p := split .Image "o"}}{{$i}}={{$p}} {{end}}',
      'table {{upper .Names}}\t{{.Label "long.er"}}\t{{truncate .ID 3}}',
      "{{.Nope}}",
      "{{nope .ID}}",
      "{{.ID",
      '{{join .ID "x"}}',
      '{{truncate .ID "x"}}',
      "table {{.Nope}}",
    ]) {
      await alike("ps", "-a", "--format", template);
    }
  });

  test("formats of config.json", async () => {
    const home = join(daemon().root, "formats");
    mkdirSync(join(home, ".docker"), { recursive: true });
    const formats = {
      psFormat: "table {{.Names}}\\t{{.State}}",
      imagesFormat: "{{.Repository}}",
      networksFormat: "{{.Name}}",
      volumesFormat: "table {{.Name}}",
      pluginsFormat: "table {{.Name}}",
    };
    await Bun.write(join(home, ".docker/config.json"), JSON.stringify(formats));
    for (const words of [
      ["ps", "-a"],
      ["ps", "-aq"],
      ["images"],
      ["network", "ls"],
      ["volume", "ls"],
      ["plugin", "ls"],
    ]) {
      const [docker, berth] = await both(words, { env: { HOME: home } });
      expect({ words, ...berth }).toEqual({ words, ...docker });
    }
  });
});

const REFUSALS: readonly string[] = [
  "node inspect self",
  "node ps",
  "node rm x",
  "node promote x",
  "node update --role manager x",
  "service ls",
  "service create busybox",
  "service inspect x",
  "service rm x",
  "service ps x",
  "service scale x=2",
  "service logs x",
  "service rollback x",
  "stack ls",
  "stack ps x",
  "stack services x",
  "stack rm x",
  "secret ls",
  "secret rm x",
  "secret inspect x",
  "config ls",
  "config rm x",
  "config inspect x",
  "swarm leave",
  "swarm join-token worker",
  "swarm update --task-history-limit 3",
  "swarm ca",
  "swarm unlock-key",
  "plugin inspect x",
  "plugin rm x",
  "plugin enable x",
  "plugin set x a=b",
  "volume update vol1",
  "service create",
  "node rm",
  "swarm join",
  "stack deploy",
  "secret create",
  "plugin set x",
  "trust sign",
  "service create --replicas x busybox",
  "swarm init --cert-expiry x",
  "service ls --nope",
  "node ls -f",
  "node ls -f x",
  "service scale",
  "swarm join-token",
  "node promote",
  "context",
  "context create",
  "context rm",
  "context use",
];

test.skipIf(!DOCKER_IS_CURRENT).each([...REFUSALS])(
  "%s is refused as docker refuses it",
  async (line) => {
    const [docker, berth] = await both(line.split(" "));
    expect(berth.code).toBe(docker.code);
    // Docker's own list of commands stands where a group is named alone.
    if (line.includes(" ")) expect(berth.stderr).toBe(docker.stderr);
  },
);

const CONTEXTS: readonly string[] = [
  "context ls",
  "context show",
  "context create aa",
  "context create aa",
  "context create a",
  "context create default",
  "context create bb --from aa --description hi",
  "context create cc --docker foo=1",
  "context create cc --docker host=tcp://x:1,skip-tls-verify=yes",
  "context create cc --docker host=tcp://x:1,ca=/nope",
  "context create cc --docker host=tcp://x:1",
  "context create dd --docker from=cc",
  "context create ee --from cc --docker host=unix:///x",
  "context create ee --docker host",
  "context update aa --description X",
  "context update nope --description X",
  "context update cc --docker host=tcp://y:1",
  "context use aa",
  "context use nope",
  "context show",
  "context ls",
  "context rm aa",
  "context rm nope default",
  "context inspect",
  "context inspect aa cc nope",
  "context inspect --format {{.Name}} cc",
  "context ls -q",
  "context ls --format json",
  "context ls --format {{.Name}}:{{.Current}}",
  "context export cc FILE",
  "context export cc FILE",
  "context import ff FILE",
  "context import aa FILE",
  "context import gg /nope",
  "context inspect ff",
  "context use default",
  "context rm aa bb",
  "context rm -f zz ff",
  "context ls",
];

test.skipIf(!DOCKER_IS_CURRENT)(
  "contexts: each command line does and says what docker's does, in a store that both read",
  async () => {
    const clis = ["docker", "berth"] as const;
    const runIn = async (
      program: (typeof clis)[number],
      line: string,
      home = program,
    ): Promise<Output> => {
      const directory = join(daemon().root, `contexts-${home}`);
      mkdirSync(directory, { recursive: true });
      const words = line.replace("FILE", join(directory, "context.tar")).split(" ");
      const binary = program === "berth" ? BERTH : "docker";
      const child = Bun.spawnSync([binary, ...words], {
        env: { PATH: process.env["PATH"] ?? "", HOME: directory, DOCKER_HOST: "" },
      });
      const clean = (text: string): string =>
        normal(text.replaceAll(directory, "HOME")).replaceAll(
          /unix:\/\/\/(?:var\/)?run\/docker\.sock/g,
          "SOCKET",
        );
      return {
        code: child.exitCode,
        stdout: clean(child.stdout.toString()),
        stderr: clean(child.stderr.toString()),
      };
    };
    for (const line of CONTEXTS) {
      const [docker, berth] = [await runIn("docker", line), await runIn("berth", line)];
      expect({ line, ...berth }).toEqual({ line, ...docker });
    }
    // The other's store and archive.
    expect(await runIn("berth", "context inspect cc", "docker")).toEqual(
      await runIn("docker", "context inspect cc"),
    );
    expect(await runIn("docker", "context inspect cc", "berth")).toEqual(
      await runIn("berth", "context inspect cc"),
    );
    expect((await runIn("berth", "context import hh FILE", "docker")).code).toBe(0);
    expect((await runIn("docker", "context import hh FILE", "berth")).code).toBe(0);
  },
);

hostStaysClean(suite);
