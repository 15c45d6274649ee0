import type { BuildBackend } from "./routers/build/backend.ts";
import type { ContainerBackend } from "./routers/containers/backend.ts";
import type { ExecBackend } from "./routers/exec/backend.ts";
import type { ImageBackend } from "./routers/images/backend.ts";
import type { NetworkBackend } from "./routers/networks/backend.ts";
import type { SystemBackend } from "./routers/system/backend.ts";
import type { VolumeBackend } from "./routers/volumes/backend.ts";

/** Everything that the server needs of the engine. */
export interface Backends {
  containers: ContainerBackend;
  exec: ExecBackend;
  builds: BuildBackend;
  images: ImageBackend;
  networks: NetworkBackend;
  volumes: VolumeBackend;
  system: SystemBackend;
}
