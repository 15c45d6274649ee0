import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import schemaDocument from "../file/compose-schema.json" with { type: "json" };
import { shellEnvironment } from "../file/environment.ts";
import { loadProject } from "../file/load-project.ts";
import { UNHEARD, unheardKeys } from "../file/unheard-keys.ts";
import { buildWords, DEFAULT_BUILD } from "../operations/build-service.ts";
import { containerRequest } from "./container-request.ts";
import { networkRequest, volumeRequest } from "./resource-requests.ts";

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  definitions?: Record<string, Schema>;
}
const schema = schemaDocument as unknown as Schema;

/** Every key that the Compose Specification has: `services.*.ports.[].target`. */
function keysOf(given: Schema, path: string, through: readonly string[] = []): string[] {
  const name = given.$ref?.replace("#/definitions/", "");
  if (name !== undefined) {
    if (through.includes(name)) return [];
    return keysOf(schema.definitions?.[name] ?? {}, path, [...through, name]);
  }
  const below = (key: string) => (path === "" ? key : `${path}.${key}`);
  const inner = (child: Schema, key: string) => keysOf(child, below(key), through);
  const patterns = Object.entries(given.patternProperties ?? {}).filter(([key]) => key !== "^x-");
  const more = given.additionalProperties;
  return [
    ...(given.oneOf ?? []).flatMap((one) => keysOf(one, path, through)),
    ...Object.entries(given.properties ?? {}).flatMap(([key, child]) => [
      below(key),
      ...inner(child, key),
    ]),
    ...patterns.flatMap(([, child]) => inner(child, "*")),
    ...(typeof more === "object" ? inner(more, "*") : []),
    ...(given.items === undefined ? [] : inner(given.items, "[]")),
  ];
}
const ALL = new Set(keysOf(schema, ""));

/** Keys that ask something of compose itself, and what answers. */
const COMPOSE: Readonly<Record<string, string>> = {
  version: "said to be obsolete",
  name: "the project",
  "services.*.attach": "the foreground of up",
  "services.*.container_name": "names of containers",
  "services.*.depends_on": "order, waiting, restarting",
  "services.*.deploy.replicas": "planning",
  "services.*.scale": "planning",
  "services.*.deploy.update_config": "rolling",
  "services.*.develop": "watch",
  "services.*.platform": "pulling, building, creating",
  "services.*.ports.[].mode": "both are the same on one host",
  "services.*.post_start": "after a start",
  "services.*.pre_stop": "before a stop",
  "services.*.profiles": "which services are meant",
  "services.*.pull_policy": "pulling",
  "services.*.env_file.[].required": "reading the file",
  "services.*.env_file.[].format": "reading the file",
  "services.*.networks.*.priority": "which network comes first",
  "services.*.build": "building",
  "services.*.secrets.[].uid": "written files",
  "services.*.secrets.[].gid": "written files",
  "services.*.secrets.[].mode": "written files",
  "services.*.configs.[].uid": "written files",
  "services.*.configs.[].gid": "written files",
  "services.*.configs.[].mode": "written files",
  "services.*.build.secrets.[].uid": "the builder's mount says it",
  "services.*.build.secrets.[].gid": "the builder's mount says it",
  "services.*.build.secrets.[].mode": "the builder's mount says it",
  "configs.*.content": "written files",
  "configs.*.environment": "written files",
  "secrets.*.environment": "written files",
  "configs.*.external": "refused where it is used",
  "secrets.*.external": "refused where it is used",
  "configs.*.name": "what an external one is called",
  "secrets.*.name": "what an external one is called",
  "networks.*.external": "not made",
  "volumes.*.external": "not made",
  "include.[].env_file": "reading",
  "include.[].project_directory": "reading",
};

/** Keys that are refused in words, each with a file that says it. */
const REFUSED: Readonly<Record<string, string>> = {
  "services.*.gpus": "gpus: all",
  "services.*.models": "models: [m]",
  "services.*.provider": "provider: {type: x}",
  "services.*.credential_spec": "credential_spec: {file: x}",
  "services.*.use_api_socket": "use_api_socket: true",
  "services.*.deploy.resources.reservations.devices":
    "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: 1}]}}}",
};

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-keys-"));
  await mkdir(join(root, "ctx"));
  for (const name of ["a.env", "labels", "secret", "config"]) {
    await writeFile(join(root, name), `${name.replace(".", "_")}=1\n`);
  }
  await writeFile(join(root, "base.yaml"), "services: {b: {image: x, user: b}}\n");
  await writeFile(join(root, "inc.yaml"), "services: {i: {image: x}}\n");
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What an engine and a builder are told for a file. */
async function told(document: unknown): Promise<string> {
  await writeFile(join(root, "compose.yaml"), JSON.stringify(document));
  const { project } = await loadProject({
    files: [],
    profiles: [],
    workingDirectory: root,
    environment: shellEnvironment({ HOME: "/home/user" }),
    stdin: () => Promise.resolve(""),
    warn: () => {},
  });
  const containerOf = (service: string) => `id-of-${service}`;
  const place = { directory: root, files: [], envFiles: [] };
  const services = Object.entries(project.services).map(([name, service]) => {
    const options = { number: 1, useAliases: true, links: service.links ?? [], containerOf, place };
    // The hash holds every key, heard or not.
    const { Labels, ...request } = containerRequest(project, name, service, {
      ...options,
      links: [...(service.links ?? []), ...(service.external_links ?? [])],
    });
    const labels = Object.entries(Labels ?? {}).filter(([key]) => !key.endsWith("config-hash"));
    const build =
      service.build &&
      buildWords({ project }, "i", service, service.build, undefined, DEFAULT_BUILD);
    return [name, request, labels, build, service.build?.dockerfile_inline];
  });
  const of = <T>(all: Record<string, T> | undefined, make: (key: string, value: T) => object) =>
    Object.entries(all ?? {}).map(([key, value]) => ({
      ...make(key, value),
      Labels: (value as { labels?: object }).labels,
    }));
  return JSON.stringify([
    services,
    of(project.networks, (key, network) => networkRequest("p", key, network)),
    of(project.volumes, (key, volume) => volumeRequest("p", key, volume)),
  ]);
}

type Step = string | number;

/** Where a document says a key of the specification, and which. */
function* saidIn(value: unknown, pattern = "", path: Step[] = []): Generator<[string, Step[]]> {
  const below = (key: string) => (pattern === "" ? key : `${pattern}.${key}`);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* saidIn(item, below("[]"), [...path, index]);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const known = ALL.has(below(key)) ? below(key) : below("*");
      if (ALL.has(known)) yield [known, [...path, key]];
      yield* saidIn(item, known, [...path, key]);
    }
  }
}

function without(document: object, path: readonly Step[]): object {
  const copy = structuredClone(document);
  let holder = copy as Record<Step, unknown>;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<Step, unknown>;
  delete holder[path.at(-1) ?? ""];
  return copy;
}

const covers = (keys: Iterable<string>, key: string): boolean =>
  [...keys].some((each) => key === each || key.startsWith(`${each}.`));

const heard = new Set<string>();

describe("every key of the Compose Specification is honoured, answered or refused", async () => {
  const documents = JSON.parse(
    await readFile(join(import.meta.dir, "every-key.data.json"), "utf8"),
  ) as Record<string, object>;
  for (const [name, document] of Object.entries(documents)) {
    test(`${name}: a key that is taken away changes what is asked for`, async () => {
      const whole = await told(document);
      for (const [key, path] of saidIn(document)) {
        const fewer = await told(without(document, path)).catch(() => "refused");
        if (fewer !== whole) heard.add(key);
      }
    });
  }

  for (const [key, text] of Object.entries(REFUSED)) {
    test(`${key} is refused`, async () => {
      const file = join(root, "refused.yaml");
      await writeFile(
        file,
        `services:\n  a:\n    image: x\n    ${text}\nmodels: {m: {model: x}}\n`,
      );
      const loading = loadProject({
        files: [file],
        profiles: [],
        workingDirectory: root,
        environment: shellEnvironment({}),
        stdin: () => Promise.resolve(""),
        warn: () => {},
      });
      await expect(loading).rejects.toThrow(/refused\.yaml:\d+:\d+: services\.a\./);
    });
  }

  test("none is left", () => {
    const answered = [...Object.keys(COMPOSE), ...Object.keys(REFUSED), "models"];
    const unheard = UNHEARD.map(([pattern]) => pattern);
    const silent = [...ALL].filter(
      (key) => !heard.has(key) && !covers(answered, key) && !covers(unheard, key),
    );
    expect(silent).toEqual([]);
    const unknown = [...answered, ...unheard].filter((key) => !ALL.has(key));
    expect(unknown).toEqual([]);
  });

  test("what changes nothing is said", () => {
    const deploy = {
      placement: { constraints: ["a"] },
      mode: "replicated",
      endpoint_mode: "dnsrr",
    };
    const found = unheardKeys({ name: "p", services: { a: { deploy } as never } });
    expect(found.map((each) => each.split(" ")[0])).toEqual([
      "services.a.deploy.placement",
      "services.a.deploy.endpoint_mode",
    ]);
  });
});
