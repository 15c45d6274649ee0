import { randomBytes } from "node:crypto";
import { atLeast, defineCommand } from "../../cli/command.ts";
import { parsePorts } from "../../cli/container-config/ports.ts";
import type { FlagValues } from "../../cli/flags/flag.ts";
import { bool, list, splitPair, string } from "../../cli/flags/flag-kinds.ts";
import { isTerminal } from "../../cli/terminal/is-terminal.ts";
import { boolWords, delegate } from "../delegate.ts";
import { parseDotenv } from "../file/dotenv.ts";
import type { Project, Service } from "../file/project.ts";
import { selectServices, withoutUnused } from "../file/select-services.ts";
import { expandVolume } from "../file/short-forms/volume-short-form.ts";
import { splitWords } from "../file/split-words.ts";
import { imageMakers } from "../image-makers.ts";
import { containerRequest } from "../model/container-request.ts";
import { LABEL } from "../model/labels.ts";
import { openProject } from "../open-project.ts";
import { ensureImages } from "../operations/ensure-images.ts";
import { createContainer, linksOf } from "../operations/make-containers.ts";
import { up } from "../operations/up.ts";
import { listContainers } from "../state/project-state.ts";
import { imageOptions } from "./up.ts";

const flags = {
  build: bool("Build image before starting container"),
  "cap-add": list("Add Linux capabilities"),
  "cap-drop": list("Drop Linux capabilities"),
  detach: bool("Run container in background and print container ID", { short: "d" }),
  entrypoint: string("Override the entrypoint of the image"),
  env: list("Set environment variables", { short: "e" }),
  "env-from-file": list("Set environment variables from file"),
  interactive: bool("Keep STDIN open even if not attached", { short: "i", initial: true }),
  label: list("Add or override a label", { short: "l" }),
  name: string("Assign a name to the container"),
  "no-build": bool("", { hidden: true }),
  "no-deps": bool("Don't start linked services"),
  "no-tty": bool("Disable pseudo-TTY allocation (default: auto-detected)", {
    short: "T",
    otherNames: ["no-TTY"],
  }),
  publish: list("Publish a container's port(s) to the host", { short: "p" }),
  pull: string('Pull image before running ("always"|"missing"|"never")', { initial: "policy" }),
  quiet: bool("Don't print anything to STDOUT", { short: "q" }),
  "quiet-build": bool("Suppress progress output from the build process"),
  "quiet-pull": bool("Pull without printing progress information"),
  "remove-orphans": bool("Remove containers for services not defined in the Compose file"),
  rm: bool("Automatically remove the container when it exits"),
  "service-ports": bool("Run command with all service's ports enabled and mapped to the host", {
    short: "P",
  }),
  "use-aliases": bool(
    "Use the service's network useAliases in the network(s) the container connects to",
  ),
  user: string("Run as specified username or uid", { short: "u" }),
  volume: list("Bind mount a volume", { short: "v" }),
  workdir: string("Working directory inside the container", { short: "w" }),
};
type RunValues = FlagValues<typeof flags>;

export const command = defineCommand({
  usage: "[OPTIONS] SERVICE [COMMAND] [ARGS...]",
  description: "Run a one-off command on a service",
  args: atLeast(1),
  flags,
  flagsEndAtFirstArgument: true,
  run: async ({ values, args, context }) => {
    const [name = "", ...words] = args;
    const { context: work, loaded } = await openProject(context, "Running", { services: [name] });
    const makers = imageMakers(context, work);
    const images = imageOptions(values);
    const { lookup } = loaded.environment;
    const dependencies = values["no-deps"]
      ? []
      : Object.keys(work.project.services[name]?.depends_on ?? {});
    const needed = selectServices(
      work.project,
      dependencies.length > 0 ? dependencies : [name],
      values["no-deps"] ? "alone" : "with dependencies",
    );
    // Networks and volumes of the service itself have to be there too.
    const whole = withoutUnused(
      selectServices(work.project, [name], values["no-deps"] ? "alone" : "with dependencies"),
    );
    const others: Project = {
      ...whole,
      services: dependencies.length === 0 ? {} : needed.services,
    };
    await up(
      { ...work, project: others },
      {
        targets: [],
        recreate: "diverged",
        recreateDependencies: "diverged",
        removeOrphans: values["remove-orphans"],
        ignoreOrphans: true,
        images,
        makers,
        lookup,
        keepVolumes: true,
        start: true,
        wait: false,
      },
    );
    const service = await oneOff(
      work.project.services[name] ?? {},
      values,
      words,
      context.stdout.fd,
    );
    const imageIds = await ensureImages(
      { ...work, project: { ...whole, services: { [name]: service } } },
      makers,
      images,
    );
    const present = await listContainers(work.client, work.project.name);
    const containerOf = (other: string) => present.find((each) => each.service === other)?.id;
    const slug = randomBytes(32).toString("hex");
    const image = imageIds.get(name);
    const request = containerRequest(work.project, name, service, {
      number: 1,
      useAliases: values["use-aliases"],
      links: linksOf(work, service, containerOf),
      containerOf,
      place: work.place,
      oneOff: true,
      attachStdin: values.interactive && !values.detach,
      ...(image === undefined ? {} : { imageId: image }),
    });
    request.Labels = {
      ...request.Labels,
      [LABEL.slug]: slug,
      ...Object.fromEntries(values.label.map(splitPair)),
    };
    request.HostConfig = { ...request.HostConfig, AutoRemove: values.rm };
    const container = values.name || `${work.project.name}-${name}-run-${slug.slice(0, 12)}`;
    const id = await createContainer(work, container, request, service, lookup);
    work.progress.finish();
    if (values.detach) {
      await work.client.containers.start(id);
      context.stdout.line(id);
      return 0;
    }
    return delegate(
      () => import("../../cli/commands/container/start.ts"),
      ["--attach", ...boolWords("interactive", values.interactive), id],
      context,
    );
  },
});

/** The service as this one container is to be: what the flags say goes before the file. */
async function oneOff(
  service: Service,
  values: RunValues,
  words: readonly string[],
  stdout: number,
): Promise<Service> {
  const tty = !values["no-tty"] && !values.detach && isTerminal(0) && isTerminal(stdout);
  const environment = { ...service.environment };
  for (const file of values["env-from-file"]) {
    const read = parseDotenv(await Bun.file(file).text(), file, (key) => process.env[key]);
    for (const [key, value] of read) environment[key] = value;
  }
  for (const entry of values.env) {
    const [key, value] = splitPair(entry);
    environment[key] = entry.includes("=") ? value : (process.env[key] ?? null);
  }
  const { container_name: _, ports = [], healthcheck: __, ...rest } = service;
  return {
    ...rest,
    environment,
    tty,
    stdin_open: values.interactive,
    restart: "no",
    ports: [...(values["service-ports"] ? ports : []), ...published(values.publish)],
    volumes: [
      ...(service.volumes ?? []),
      ...values.volume.map((text) => expandVolume(text) as never),
    ],
    cap_add: [...(service.cap_add ?? []), ...values["cap-add"]],
    cap_drop: [...(service.cap_drop ?? []), ...values["cap-drop"]],
    ...(words.length === 0 ? {} : { command: [...words] }),
    ...(values.entrypoint === ""
      ? {}
      : { entrypoint: splitWords(values.entrypoint), command: [...words] }),
    ...(values.user === "" ? {} : { user: values.user }),
    ...(values.workdir === "" ? {} : { working_dir: values.workdir }),
  };
}

function published(flags_: readonly string[]): NonNullable<Service["ports"]> {
  const { bindings } = parsePorts(flags_, []);
  return Object.entries(bindings).flatMap(([key, list_]) => {
    const [target = "", protocol = "tcp"] = key.split("/");
    return (list_ ?? []).map(({ HostIp, HostPort }) => ({
      target: Number(target),
      protocol,
      ...(HostIp === "" ? {} : { host_ip: HostIp }),
      ...(HostPort === "" ? {} : { published: HostPort }),
    }));
  });
}
