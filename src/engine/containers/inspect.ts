import { join } from "node:path";
import type { ContainerInspect } from "../../spec/index.ts";
import type { EngineContext } from "../context.ts";
import type { Container } from "./container.ts";
import { containerFilePaths } from "./container-files.ts";
import { toInspect } from "./container-view.ts";
import { containerSizes } from "./list.ts";

/** Everything that is known of a container. */
export async function inspectContainer(
  context: EngineContext,
  ref: string,
  options: { size: boolean },
): Promise<ContainerInspect> {
  const container = context.containers.get(ref);
  const { snapshots } = context.store;
  const files = containerFilePaths(snapshots.containerDirectory(container.id));
  const everStarted = container.record.bootId !== "";
  const inspect = toInspect(container, {
    hosts: everStarted ? files.hosts : "",
    hostname: everStarted ? files.hostname : "",
    resolvConf: everStarted ? files.resolvConf : "",
    log: logPath(context, container),
    graph: graphData(context, container),
    appArmorProfile: context.host.appArmor.defaultProfile ?? "",
  });
  return options.size ? { ...inspect, ...(await containerSizes(context, container)) } : inspect;
}

function logPath(context: EngineContext, container: Container): string {
  if (container.record.hostConfig.LogConfig.Type !== "json-file") return "";
  if (container.record.bootId === "") return "";
  const directory = context.store.snapshots.containerDirectory(container.id);
  return join(directory, `${container.id}-json.log`);
}

function graphData(context: EngineContext, container: Container): Record<string, string> {
  const { snapshots } = context.store;
  const directory = snapshots.containerDirectory(container.id);
  const layers = snapshots
    .containerLayers(container.id)
    .map((chainId) => snapshots.layerDirectory(chainId))
    .reverse();
  return {
    ID: container.id,
    LowerDir: layers.join(":"),
    MergedDir: snapshots.rootfs(container.id),
    UpperDir: join(directory, "upper"),
    WorkDir: join(directory, "work"),
  };
}
