import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { shellEnvironment } from "./environment.ts";
import { type LoadOptions, loadProject } from "./load-project.ts";
import { renderConfig } from "./render-config.ts";
import { withoutUnused } from "./select-services.ts";

const corpus = join(import.meta.dir, "../../../tests/corpus/compose");

function load(directory: string, more: Partial<LoadOptions> = {}, warnings: string[] = []) {
  return loadProject({
    files: [],
    profiles: [],
    workingDirectory: directory,
    environment: shellEnvironment({ HOME: "/home/user", PATH: process.env["PATH"] }),
    stdin: () => Promise.resolve(""),
    warn: (message) => warnings.push(message),
    ...more,
  });
}

describe("config is what Docker Compose 2.40 prints", async () => {
  for (const name of (await readdir(corpus)).sort()) {
    test(name, async () => {
      const directory = join(corpus, name);
      const flags = await readFile(join(directory, "flags"), "utf8").catch(() => "");
      const profiles = [...flags.matchAll(/--profile (\S+)/g)].map(([, profile = ""]) => profile);
      const { project } = await load(directory, { profiles });
      const text = renderConfig(withoutUnused(project), { format: "yaml", escapeDollars: true });
      const portable = text.replaceAll(directory, "@DIR@").replaceAll(dirname(directory), "@UP@");
      expect(portable.trimEnd()).toBe(
        (await readFile(join(directory, "expected.yaml"), "utf8")).trimEnd(),
      );
    });
  }
});

describe("what is wrong is named with its place", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "berth-compose-"));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  let count = 0;
  async function failure(files: Record<string, string>, more: Partial<LoadOptions> = {}) {
    const directory = join(root, `p${count++}`);
    await mkdir(directory);
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const error = await load(directory, more).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Error)) throw new Error("the project was read without complaint");
    return error.message.replaceAll(`${directory}/`, "");
  }
  const file = (text: string, more?: Partial<LoadOptions>) =>
    failure({ "compose.yaml": text }, more);

  const cases: [string, string, string][] = [
    [
      "an unknown key",
      "services:\n  a:\n    imagee: x\n",
      'compose.yaml:3:5: services.a has no key "imagee": did you mean "image"?',
    ],
    [
      "an unknown section",
      "service: {}\n",
      'compose.yaml:1:1: the file has no key "service": did you mean "services"?',
    ],
    [
      "a wrong type",
      "services:\n  a: {image: x, user: 1}\n",
      "compose.yaml:2:23: services.a.user must be a string",
    ],
    [
      "a wrong shape",
      "services:\n  a: {image: [x]}\n",
      "compose.yaml:2:14: services.a.image must be a string",
    ],
    [
      "a duplicate key",
      "services:\n  a: {image: x}\n  a: {image: y}\n",
      "compose.yaml:3:3: the YAML cannot be read: a key stands twice in one mapping",
    ],
    ["broken YAML", "services:\n  a: {image: x\n", "compose.yaml:3:1: the YAML cannot be read"],
    [
      "a bad name",
      "services:\n  'a b': {image: x}\n",
      'compose.yaml:2:3: services has a name that is not allowed: "a b"',
    ],
    [
      "a bad enum",
      "services:\n  a: {image: x, cgroup: hots}\n",
      'must be one of "host", "private": did you mean "host"?',
    ],
    ["an empty service", "services:\n  a:\n", "compose.yaml:2:5: services.a must be a mapping"],
    [
      "no image",
      "services:\n  a: {command: x}\n",
      'compose.yaml:2:3: service "a" has neither an image nor a build context specified',
    ],
    [
      "an unset required variable",
      "services:\n  a: {image: '${X:?why}'}\n",
      "compose.yaml:2:14: error while interpolating services.a.image: required variable X is missing a value: why",
    ],
    [
      "a bad template",
      "services:\n  a: {image: '${'}\n",
      'compose.yaml:2:14: invalid interpolation format for services.a.image: "${"',
    ],
    [
      "an undefined network",
      "services:\n  a: {image: x, networks: [frnt]}\nnetworks: {front: }\n",
      'service "a" refers to undefined network frnt: did you mean "front"?',
    ],
    [
      "an undefined volume",
      "services:\n  a: {image: x, volumes: ['data:/d']}\n",
      'service "a" refers to undefined volume data',
    ],
    [
      "an undefined secret",
      "services:\n  a: {image: x, secrets: [s]}\n",
      'service "a" refers to undefined secret s',
    ],
    [
      "an undefined dependency",
      "services:\n  web: {image: x, depends_on: [dbb]}\n  db: {image: x}\n",
      'compose.yaml:2:32: service "web" depends on undefined service "dbb": did you mean "db"?',
    ],
    [
      "a cycle",
      "services:\n  a: {image: x, depends_on: [b]}\n  b: {image: x, depends_on: [c]}\n  c: {image: x, depends_on: [a]}\n",
      "dependency cycle detected: a -> b -> c -> a",
    ],
    [
      "a bad port",
      "services:\n  a:\n    image: x\n    ports: ['80:abc']\n",
      "compose.yaml:4:13: invalid containerPort: abc",
    ],
    [
      "a bad duration",
      "services:\n  a: {image: x, stop_grace_period: soon}\n",
      "compose.yaml:2:36: services.*.stop_grace_period",
    ],
    ["a bad size", "services:\n  a: {image: x, mem_limit: lots}\n", "compose.yaml:2:28"],
    [
      "two limits",
      "services:\n  a: {image: x, cpus: 1, deploy: {resources: {limits: {cpus: '2'}}}}\n",
      "services.a: can't set distinct values on 'cpus' and 'deploy.resources.limits.cpus'",
    ],
    [
      "network_mode and networks",
      "services:\n  a: {image: x, network_mode: host, networks: [n]}\nnetworks: {n: }\n",
      "service a declares mutually exclusive `network_mode` and `networks`",
    ],
    [
      "a mount point twice",
      "services:\n  a: {image: x, tmpfs: [/d], volumes: ['/d']}\n",
      "services.a.volumes[0]: target /d already mounted as services.a.tmpfs[0]",
    ],
    [
      "graphics processors",
      "services:\n  a: {image: x, gpus: all}\n",
      "services.a.gpus: graphics processors are not passed",
    ],
    [
      "a secret without source",
      "services:\n  a: {image: x}\nsecrets: {s: {}}\n",
      'compose.yaml:3:11: secret "s" must declare either `file` or `environment`',
    ],
    [
      "a named container twice",
      "services:\n  a: {image: x, container_name: one, scale: 2}\n",
      "can't set container_name and a scale above 1",
    ],
    ["an unknown tag", "services:\n  a: !rest {image: x}\n", "unknown tag !rest"],
    ["a top level that is a list", "- a\n", "compose.yaml:1:1: top-level object must be a mapping"],
  ];
  test.each(cases)("%s", async (_, text, expected) => {
    const message = await file(text);
    expect(message).toContain(expected.replace("services.*", "services.a"));
  });

  test("a YAML bomb", async () => {
    const lines = ["x0: &a0 [1,2,3,4,5,6,7,8,9]"];
    for (let level = 1; level < 9; level++) {
      lines.push(
        `x${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(",")}]`,
      );
    }
    expect(await file(`${lines.join("\n")}\n`)).toContain("expands to too many values");
  });

  test("no file", async () => {
    expect(await failure({})).toContain("no configuration file provided: not found");
  });

  test("an empty file", async () => {
    expect(await file("# nothing\n")).toContain("empty compose file");
  });

  test("an include cycle is shown as a path", async () => {
    const message = await failure({
      "compose.yaml": "include: [b.yaml]\nservices: {a: {image: x}}\n",
      "b.yaml": "include: [compose.yaml]\nservices: {b: {image: x}}\n",
    });
    expect(message).toContain(
      "b.yaml:1:11: include cycle detected:\n  compose.yaml\n  includes b.yaml\n  includes compose.yaml",
    );
  });

  test("an extends cycle is shown as a path", async () => {
    const message = await file(
      "services:\n  a: {image: x, extends: b}\n  b: {image: x, extends: a}\n",
    );
    expect(message).toContain(
      "Circular reference with extends:\n  compose.yaml: a\n  extends compose.yaml: b",
    );
  });

  test("extending what is not there", async () => {
    const message = await file("services:\n  base: {image: x}\n  a: {image: x, extends: bsae}\n");
    expect(message).toContain('service "bsae" not found in compose.yaml: did you mean "base"?');
  });

  test("an included name that means something else here", async () => {
    const message = await failure({
      "compose.yaml": "include: [b.yaml]\nservices: {a: {image: x}}\n",
      "b.yaml": "services: {a: {image: y}}\n",
    });
    expect(message).toContain("compose.yaml:2:12: services.a conflicts with imported resource");
  });

  test("an env file that is not there, or is broken", async () => {
    const services = "services: {a: {image: x, env_file: a.env}}\n";
    expect(await file(services)).toContain('env file a.env not found, which service "a" needs');
    expect(await failure({ "compose.yaml": services, "a.env": 'A=1\nB="open\n' })).toContain(
      'a.env:2:3: unterminated quoted value "open',
    );
  });

  test("a bad project name", async () => {
    expect(await file("services: {a: {image: x}}\n", { projectName: "Bad Name" })).toContain(
      'invalid project name "Bad Name"',
    );
  });
});
