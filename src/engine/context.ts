import type { NetworkService } from "../network/index.ts";
import type { OciRuntime, RuntimeHost, SeccompCompiler } from "../runtime/index.ts";
import type { ExecId } from "../spec/index.ts";
import type { Collection, Store } from "../store/index.ts";
import type { ProcessExit, Supervisor } from "../supervisor/index.ts";
import type { Clock } from "./clock.ts";
import type { EngineConfig } from "./config.ts";
import type { Container } from "./containers/container.ts";
import type { ExecRecord } from "./containers/container-record.ts";
import type { ContainerRegistry } from "./containers/container-registry.ts";
import type { EventBus } from "./events/event-bus.ts";
import type { Exec } from "./exec/exec.ts";
import type { ImageService } from "./images/index.ts";
import type { Log } from "./log.ts";
import type { VolumePlugins } from "./volumes/plugins/volume-plugins.ts";
import type { TrashKeeper } from "./volumes/trash-keeper.ts";

/** What every verb works with; made once by the composition root. */
export interface EngineContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly config: EngineConfig;
  readonly execRoot: string;
  /** Of this boot of the machine. */
  readonly bootId: string;
  readonly store: Store;
  readonly images: ImageService;
  readonly networks: NetworkService;
  /** The default runtime. */
  readonly runtime: OciRuntime;
  /** By the name that `--runtime` takes; the default too. */
  readonly runtimes: ReadonlyMap<string, OciRuntime>;
  readonly host: RuntimeHost;
  /** Absent where the runtime compiles profiles itself. */
  readonly seccomp?: SeccompCompiler;
  readonly supervisor: Supervisor;
  readonly events: EventBus;
  readonly trashKeeper: TrashKeeper;
  readonly volumePlugins: VolumePlugins;
  readonly containers: ContainerRegistry;
  readonly execs: Map<ExecId, Exec>;
  /** Commands of builds that run, by id: each hears of its exit. */
  readonly steps: Map<string, (exit: ProcessExit) => void>;
  readonly execRecords: Collection<ExecRecord>;
  /** The daemon is going down with its containers: no policy starts one again. */
  readonly shutdown: { underWay: boolean };
  /** A container that asked to be restarted when unhealthy has become so. */
  onUnhealthy(container: Container): void;
}
