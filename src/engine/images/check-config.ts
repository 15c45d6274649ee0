import { invalidArgument } from "../../spec/index.ts";

/** Says of a value what it should have been, or nothing. Go's decoders take null for a missing value. */
type Check = (value: unknown) => string | undefined;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === "string";

const text: Check = (value) => (isText(value) ? undefined : "no text");
const truth: Check = (value) => (typeof value === "boolean" ? undefined : "neither true nor false");
const count: Check = (value) => (Number.isSafeInteger(value) ? undefined : "no whole number");
const texts: Check = (value) =>
  Array.isArray(value) && value.every(isText) ? undefined : "no list of texts";
const keys: Check = (value) => (isObject(value) ? undefined : "no object");
const labels: Check = (value) =>
  isObject(value) && Object.values(value).every(isText) ? undefined : "no object of texts";
const time: Check = (value) =>
  isText(value) && (value === "" || !Number.isNaN(Date.parse(value))) ? undefined : "no time";

interface Fields {
  readonly [name: string]: Check | Fields | readonly [Fields];
}

const RUN_CONFIG: Fields = {
  User: text,
  ExposedPorts: keys,
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: keys,
  WorkingDir: text,
  Labels: labels,
  StopSignal: text,
  ArgsEscaped: truth,
  Healthcheck: {
    Test: texts,
    Interval: count,
    Timeout: count,
    StartPeriod: count,
    StartInterval: count,
    Retries: count,
  },
  OnBuild: texts,
  Shell: texts,
};

const HISTORY: Fields = {
  created: time,
  created_by: text,
  author: text,
  comment: text,
  empty_layer: truth,
};

/** OCI image-spec, config.md, with Docker's extensions as far as the engine reads them. */
const IMAGE: Fields = {
  created: time,
  author: text,
  architecture: text,
  os: text,
  "os.version": text,
  "os.features": texts,
  variant: text,
  comment: text,
  docker_version: text,
  config: RUN_CONFIG,
  rootfs: {},
  history: [HISTORY],
};

/** Refuses a configuration whose fields are of other types than the specification's. `invalid-argument`. */
export function checkConfig(config: unknown): void {
  check(config, IMAGE, "");
}

function check(value: unknown, fields: Fields, path: string): void {
  if (!isObject(value)) throw wrong(path, "no object");
  for (const [name, expected] of Object.entries(fields)) {
    const found = value[name] ?? undefined;
    if (found === undefined) continue;
    const place = path === "" ? name : `${path}.${name}`;
    if (typeof expected === "function") {
      const why = expected(found);
      if (why !== undefined) throw wrong(place, why);
    } else if (isList(expected)) {
      if (!Array.isArray(found)) throw wrong(place, "no list");
      for (const [index, entry] of found.entries()) {
        check(entry, expected[0], `${place}[${index}]`);
      }
    } else check(found, expected, place);
  }
}

const isList = (fields: Fields | readonly [Fields]): fields is readonly [Fields] =>
  Array.isArray(fields);

function wrong(path: string, why: string): Error {
  return invalidArgument(`invalid image configuration: ${path || "it"} is ${why}`);
}
