import { didYouMean } from "./closest-name.ts";
import { ComposeFileError } from "./compose-file-error.ts";
import { getIn, type MapNode, type Position } from "./node.ts";
import type { Project, Service } from "./project.ts";

/**
 * What the schema cannot see: references to what is not there, keys that exclude each other, cycles.
 * `disabled` are the services that no active profile asks for. Throws ComposeFileError.
 */
export function checkProject(project: Project, root: MapNode, disabled: ReadonlySet<string>): void {
  const place = (...path: string[]): Position | undefined => {
    for (let length = path.length; length > 0; length--) {
      const parent = getIn(root, ...path.slice(0, length - 1));
      const key = parent?.kind === "map" ? parent.keys.get(path[length - 1] ?? "") : undefined;
      const at = key ?? getIn(root, ...path.slice(0, length))?.at;
      if (at !== undefined) return at;
    }
    return root.at;
  };
  const check = new ServiceChecks(project, disabled, (message, ...path) => {
    throw new ComposeFileError(message, place(...path));
  });
  for (const [name, service] of Object.entries(project.services)) check.service(name, service);
  checkSources(project, place);
  checkCycles(project, place);
}

type Fail = (message: string, ...path: string[]) => never;

class ServiceChecks {
  readonly #project: Project;
  readonly #disabled: ReadonlySet<string>;
  readonly #fail: Fail;

  constructor(project: Project, disabled: ReadonlySet<string>, fail: Fail) {
    this.#project = project;
    this.#disabled = disabled;
    this.#fail = fail;
  }

  service(name: string, service: Service): void {
    if (
      service.build === undefined &&
      service.image === undefined &&
      service.provider === undefined
    ) {
      this.#fail(
        `service "${name}" has neither an image nor a build context specified`,
        "services",
        name,
      );
    }
    this.#build(name, service);
    this.#references(name, service);
    this.#exclusive(name, service);
    this.#limits(name, service);
    this.#mounts(name, service);
    this.#unsupported(name, service);
  }

  #build(name: string, { build, platform }: Service): void {
    if (build === undefined) return;
    if (build.dockerfile !== undefined && build.dockerfile_inline !== undefined) {
      const why = "declares mutually exclusive dockerfile and dockerfile_inline";
      this.#fail(`service "${name}" ${why}`, "services", name, "build", "dockerfile_inline");
    }
    if (
      platform !== undefined &&
      build.platforms !== undefined &&
      !build.platforms.includes(platform)
    ) {
      this.#fail(
        `service.build.platforms MUST include service.platform "${platform}"`,
        ...["services", name, "platform"],
      );
    }
  }

  #references(name: string, service: Service): void {
    const { networks = {}, volumes = {}, secrets = {}, configs = {} } = this.#project;
    const refer = (kind: string, wanted: string, known: object, key: string) => {
      if (wanted in known) return;
      const hint = didYouMean(wanted, Object.keys(known));
      this.#fail(
        `service "${name}" refers to undefined ${kind} ${wanted}${hint}`,
        "services",
        name,
        key,
        wanted,
      );
    };
    for (const network of Object.keys(service.networks ?? {}))
      refer("network", network, networks, "networks");
    for (const { type, source } of service.volumes ?? []) {
      if (type === "volume" && source !== undefined) refer("volume", source, volumes, "volumes");
    }
    for (const { source } of service.secrets ?? []) refer("secret", source, secrets, "secrets");
    for (const { source } of service.build?.secrets ?? [])
      refer("build secret", source, secrets, "build");
    for (const { source } of service.configs ?? []) refer("config", source, configs, "configs");
    for (const [wanted, { required }] of Object.entries(service.depends_on ?? {})) {
      if (wanted in this.#project.services || (this.#disabled.has(wanted) && !required)) continue;
      const why = this.#disabled.has(wanted)
        ? `depends on "${wanted}", which no active profile includes: give its --profile, or say required: false`
        : `depends on undefined service "${wanted}"${didYouMean(wanted, Object.keys(this.#project.services))}`;
      if (!required) continue;
      this.#fail(`service "${name}" ${why}`, "services", name, "depends_on", wanted);
    }
  }

  #exclusive(name: string, service: Service): void {
    if (service.network_mode !== undefined && Object.keys(service.networks ?? {}).length > 0) {
      const why = "declares mutually exclusive `network_mode` and `networks`";
      this.#fail(`service ${name} ${why}`, "services", name, "network_mode");
    }
    const [first] = service.healthcheck?.test ?? [];
    if (first !== undefined && !["CMD", "CMD-SHELL", "NONE"].includes(first)) {
      const message = 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"';
      this.#fail(`services.${name}.${message}`, "services", name, "healthcheck", "test");
    }
    const replicas = service.deploy?.replicas;
    const scale = service.scale ?? replicas ?? 1;
    if (scale < 0)
      this.#fail(
        `services.${name}.scale: must be greater than or equal to 0`,
        "services",
        name,
        "scale",
      );
    if (scale > 1 && service.container_name !== undefined) {
      const why =
        "can't set container_name and a scale above 1, since a container's name must be unique";
      this.#fail(`services.${name}: ${why}`, "services", name, "container_name");
    }
  }

  #limits(name: string, service: Service): void {
    const { limits, reservations } = service.deploy?.resources ?? {};
    const pairs: [string, unknown, string, unknown][] = [
      ["scale", service.scale, "deploy.replicas", service.deploy?.replicas],
      ["cpus", service.cpus, "deploy.resources.limits.cpus", limits?.cpus],
      ["mem_limit", service.mem_limit, "deploy.resources.limits.memory", limits?.memory],
      ["pids_limit", service.pids_limit, "deploy.resources.limits.pids", limits?.pids],
      ...([
        [
          "mem_reservation",
          service.mem_reservation,
          "deploy.resources.reservations.memory",
          reservations?.memory,
        ],
      ] satisfies [string, unknown, string, unknown][]),
    ];
    for (const [key, value, other, otherValue] of pairs) {
      if (value === undefined || otherValue === undefined || value === otherValue) continue;
      const message = `can't set distinct values on '${key}' and '${other}'`;
      this.#fail(`services.${name}: ${message}`, "services", name, key);
    }
  }

  #mounts(name: string, service: Service): void {
    const taken = new Map<string, string>();
    const take = (target: string, where: string, key: string) => {
      const other = taken.get(target);
      if (other !== undefined) {
        this.#fail(`${where}: target ${target} already mounted as ${other}`, "services", name, key);
      }
      taken.set(target, where);
    };
    for (const [index, entry] of (service.tmpfs ?? []).entries()) {
      take(entry.split(":")[0] ?? "", `services.${name}.tmpfs[${index}]`, "tmpfs");
    }
    for (const [index, { target }] of (service.volumes ?? []).entries()) {
      take(target, `services.${name}.volumes[${index}]`, "volumes");
    }
  }

  /** Keys that mean something no engine here can do are refused, not ignored. */
  #unsupported(name: string, service: Service): void {
    for (const [key, why] of UNSUPPORTED) {
      if (service[key] !== undefined) {
        this.#fail(`services.${name}.${key}: ${why}`, "services", name, key);
      }
    }
    if (service.deploy?.resources?.reservations?.devices !== undefined) {
      const key = "deploy.resources.reservations.devices";
      const why = "devices are not reserved by this command; name them under devices";
      this.#fail(`services.${name}.${key}: ${why}`, "services", name, ...key.split("."));
    }
    for (const rule of service.develop?.watch ?? []) {
      if (rule.target !== undefined || rule.action === "rebuild" || rule.action === "restart")
        continue;
      const why = "target is required for non-rebuild actions";
      this.#fail(`services.${name}.develop.watch: ${why}`, "services", name, "develop", "watch");
    }
  }
}

const UNSUPPORTED: readonly (readonly [keyof Service & string, string])[] = [
  ["gpus", "graphics processors are not passed to containers by this command"],
  ["models", "models need a model runner, which this command does not have"],
  ["provider", "providers run programs of their own, which this command does not start"],
  ["use_api_socket", "the engine is not handed to containers by this command; mount its socket"],
  ["credential_spec", "credential specs are for Windows containers"],
];

function checkSources(project: Project, place: (...path: string[]) => Position | undefined): void {
  for (const kind of ["secrets", "configs"] as const) {
    for (const [name, source] of Object.entries(project[kind] ?? {})) {
      if (source.external === true) continue;
      const ways = [
        source.file,
        source.environment,
        kind === "configs" ? source.content : undefined,
      ];
      const given = ways.filter((way) => way !== undefined).length;
      if (given === 1) continue;
      const choice =
        kind === "secrets" ? "`file` or `environment`" : "`file`, `content` or `environment`";
      const what = given === 0 ? "must declare either" : "may declare only one of";
      throw new ComposeFileError(
        `${kind.slice(0, -1)} "${name}" ${what} ${choice}`,
        place(kind, name),
      );
    }
  }
}

function checkCycles(project: Project, place: (...path: string[]) => Position | undefined): void {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      const cycle = [...path.slice(path.indexOf(name)), name];
      const at = place("services", path.at(-1) ?? name, "depends_on", name);
      throw new ComposeFileError(`dependency cycle detected: ${cycle.join(" -> ")}`, at);
    }
    if (done.has(name)) return;
    for (const next of Object.keys(project.services[name]?.depends_on ?? {}))
      visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of Object.keys(project.services)) visit(name, []);
}
