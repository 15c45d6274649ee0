import { hostname } from "node:os";
import { shortId } from "../spec/index.ts";
import type { LogIdentity } from "./log-configuration.ts";

/** Docker's tag when none is given. */
export const DEFAULT_TAG = "{{.ID}}";

const FIELDS: Readonly<Record<string, (identity: LogIdentity) => string>> = {
  ID: ({ containerId }) => shortId(containerId),
  FullID: ({ containerId }) => containerId,
  Name: ({ containerName }) => containerName.replace(/^\//, ""),
  ImageID: ({ imageId }) => shortId(imageId),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ imageName }) => imageName,
  Command: ({ entrypoint, args }) => [entrypoint, ...args].join(" "),
  Hostname: () => hostname(),
  DaemonName: ({ daemonName }) => daemonName ?? "berth",
  ContainerID: ({ containerId }) => containerId,
  ContainerName: ({ containerName }) => `/${containerName.replace(/^\//, "")}`,
  ContainerImageID: ({ imageId }) => imageId,
  ContainerImageName: ({ imageName }) => imageName,
};

/**
 * Fills in a `tag` template. Actions that name a field are understood; one that does not is left as it
 * stands, since a tag is no reason not to run.
 */
export function renderTag(template: string, identity: LogIdentity): string {
  return template.replace(/\{\{-?\s*\.(\w+)\s*-?\}\}/g, (action, name: string) => {
    return FIELDS[name]?.(identity) ?? action;
  });
}
