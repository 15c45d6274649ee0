import type { GraphDriver, ImageInspect, ImageRunConfig } from "../../spec/index.ts";
import type { ImageRecord } from "../../store/index.ts";
import { findImage } from "./find-image.ts";
import type { ImageContext } from "./image-context.ts";
import { familiarStrings, imageNames } from "./image-names.ts";

/** What Docker shows of a configuration that says nothing. */
const EMPTY_CONFIG: ImageRunConfig = {
  Hostname: "",
  Domainname: "",
  User: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: null,
  Cmd: null,
  Image: "",
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

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
    Config: { ...EMPTY_CONFIG, ...config.config },
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
