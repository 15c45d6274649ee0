import type { ImageInspect, ImageSummary } from "../../../spec/index.ts";
import { omitEmpty, type VersionShim } from "../../version-shims.ts";

/** Answers of images as old versions had them. */
export type OldImageSummary = ImageSummary & { VirtualSize?: number };
export type OldImageInspect = ImageInspect & {
  VirtualSize?: number;
  ContainerConfig?: Record<string, unknown>;
};

/** What a container's configuration has and an image's was shown with, always empty, up to 1.49. */
const OF_CONTAINERS = {
  Hostname: "",
  Domainname: "",
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: "",
};
/** The container that a build's last step ran in: no builder of today leaves one. */
const NO_CONTAINER_CONFIG = {
  ...OF_CONTAINERS,
  User: "",
  Env: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: "",
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};
const OF_CONFIG = new Set([
  "Cmd",
  "Entrypoint",
  "Env",
  "Labels",
  "OnBuild",
  "User",
  "Volumes",
  "WorkingDir",
]);
const OF_IMAGE = new Set(["Parent", "Comment", "DockerVersion", "Author"]);

export const IMAGE_SHIMS: readonly VersionShim<OldImageInspect>[] = [
  {
    since: 52,
    apply: (image) => ({
      ...omitEmpty(image, OF_IMAGE),
      Config: omitEmpty(image.Config, OF_CONFIG),
    }),
  },
  { below: 50, apply: (image) => ({ ...image, Config: { ...OF_CONTAINERS, ...image.Config } }) },
  {
    below: 45,
    apply: (image) => ({
      ...image,
      Created: image.Created ?? "0001-01-01T00:00:00Z",
      ContainerConfig: NO_CONTAINER_CONFIG,
    }),
  },
  { below: 44, apply: (image) => ({ ...image, VirtualSize: image.Size }) },
];

export const IMAGE_SUMMARY_SHIMS: readonly VersionShim<OldImageSummary>[] = [
  { below: 51, apply: (image) => ({ ...image, Containers: -1 }) },
  { below: 44, apply: (image) => ({ ...image, VirtualSize: image.Size }) },
  {
    below: 43,
    apply: (image) =>
      image.RepoTags.length > 0 || image.RepoDigests.length > 0
        ? image
        : { ...image, RepoTags: ["<none>:<none>"], RepoDigests: ["<none>@<none>"] },
  },
];
