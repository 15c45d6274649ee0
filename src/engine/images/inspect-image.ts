import type { GraphDriver, ImageInspect, ImageRunConfig } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { findImage } from "./find-image.ts";
import type { ImageContext } from "./image-context.ts";
import { familiarStrings, imageNames } from "./image-names.ts";

/** What Docker shows of a configuration that says nothing. */
const EMPTY_CONFIG: ImageRunConfig = {
  User: "",
  Env: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

/**
 * What a container's configuration has and an image's has not (image-spec, config.md). Images that came
 * from a container may hold them; the API shows them no more since 1.50.
 */
const OF_CONTAINERS = new Set([
  "Hostname",
  "Domainname",
  "AttachStdin",
  "AttachStdout",
  "AttachStderr",
  "Tty",
  "OpenStdin",
  "StdinOnce",
  "Image",
  "NetworkDisabled",
  "MacAddress",
  "StopTimeout",
]);

function shownConfig(config: ImageRunConfig = {}): ImageRunConfig {
  const own = Object.entries(config).filter(([key]) => !OF_CONTAINERS.has(key));
  return { ...EMPTY_CONFIG, ...Object.fromEntries(own) };
}

export async function inspectImage(
  context: ImageContext,
  name: string,
  options: { platform?: string } = {},
): Promise<ImageInspect> {
  const record = findImage(context, name, options.platform);
  const { config } = record;
  const names = imageNames(context.store.images, record.id);
  return {
    Id: record.id,
    RepoTags: familiarStrings(names.tags),
    RepoDigests: familiarStrings(names.digests),
    Parent: record.parent ?? "",
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? "",
    ...(config.created === undefined ? {} : { Created: config.created }),
    DockerVersion: config.docker_version ?? "",
    Author: config.author ?? "",
    Config: shownConfig(config.config),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] === undefined ? {} : { OsVersion: config["os.version"] }),
    Size: record.size,
    GraphDriver: graphDriver(context, record),
    RootFS: { Type: "layers", Layers: [...config.rootfs.diff_ids] },
    Metadata: { LastTagTime: record.lastTagTime },
    ...(record.locked === true ? { Locked: true } : {}),
  };
}

/** Where the layers are; Docker's keys for overlay, highest layer first. */
function graphDriver(context: ImageContext, record: ImageRecord): GraphDriver {
  const directories = record.layers
    .map(({ chainId }) => context.store.snapshots.layerDirectory(chainId))
    .reverse();
  const [UpperDir, ...lower] = directories;
  if (UpperDir === undefined) return { Name: "overlay2", Data: {} };
  const LowerDir = lower.join(":");
  return {
    Name: "overlay2",
    Data: { ...(LowerDir === "" ? {} : { LowerDir }), UpperDir },
  };
}
