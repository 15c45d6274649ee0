import type { NetworkService } from "../network/index.ts";
import type { DefaultSeccomp, OciRuntime, RuntimeHost, SeccompCompiler } from "../runtime/index.ts";
import type { ExecId } from "../spec/index.ts";
import type { Collection, Store } from "../store/index.ts";
import type { Supervisor } from "../supervisor/index.ts";
import type { Clock } from "./clock.ts";
import type { EngineConfig } from "./config.ts";
import type { Container } from "./containers/container.ts";
import type { ExecRecord } from "./containers/container-record.ts";
import type { ContainerRegistry } from "./containers/container-registry.ts";
import type { EventBus } from "./events/event-bus.ts";
import type { Exec } from "./exec/exec.ts";
import type { ImageService } from "./images/index.ts";
import type { Log } from "./log.ts";

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
  readonly runtime: OciRuntime;
  readonly host: RuntimeHost;
  readonly defaultSeccomp: DefaultSeccomp;
  /** Absent where the runtime compiles profiles itself. */
  readonly seccomp?: SeccompCompiler;
  readonly supervisor: Supervisor;
  readonly events: EventBus;
  readonly containers: ContainerRegistry;
  readonly execs: Map<ExecId, Exec>;
  readonly execRecords: Collection<ExecRecord>;
  /** The daemon is going down with its containers: no policy starts one again. */
  readonly shutdown: { underWay: boolean };
  /** A container that asked to be restarted when unhealthy has become so. */
  onUnhealthy(container: Container): void;
}
