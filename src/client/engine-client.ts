import { BuildCalls } from "./calls/build-calls.ts";
import { ContainerCalls } from "./calls/container-calls.ts";
import { ExecCalls } from "./calls/exec-calls.ts";
import { ImageCalls } from "./calls/image-calls.ts";
import { NetworkCalls } from "./calls/network-calls.ts";
import { SystemCalls } from "./calls/system-calls.ts";
import { VolumeCalls } from "./calls/volume-calls.ts";
import { type ClientTls, parseEndpoint } from "./endpoint.ts";
import { HttpTransport } from "./http-transport.ts";

export interface EngineClientOptions {
  /** `unix:///run/berth.sock`, `tcp://host:port`, `http://…`, `https://…`. */
  host: string;
  tls?: ClientTls;
  /** `1.41`: speak that API version; undefined: the newest that the daemon has. */
  version?: string;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
}

/**
 * The Engine API of one daemon, Berth's or Docker's. Nothing is connected before the first call. Calls
 * reject with DaemonError (the daemon's message and status) or ConnectionError (nobody there).
 */
export class EngineClient {
  readonly host: string;
  readonly builds: BuildCalls;
  readonly containers: ContainerCalls;
  readonly exec: ExecCalls;
  readonly images: ImageCalls;
  readonly networks: NetworkCalls;
  readonly volumes: VolumeCalls;
  readonly system: SystemCalls;

  constructor(options: EngineClientOptions) {
    const { host, tls, version, headers } = options;
    this.host = host;
    const transport = new HttpTransport({
      endpoint: parseEndpoint(host, tls !== undefined),
      ...(tls === undefined ? {} : { tls }),
      ...(version === undefined ? {} : { version }),
      ...(headers === undefined ? {} : { headers }),
    });
    this.builds = new BuildCalls(transport);
    this.containers = new ContainerCalls(transport);
    this.exec = new ExecCalls(transport);
    this.images = new ImageCalls(transport);
    this.networks = new NetworkCalls(transport);
    this.volumes = new VolumeCalls(transport);
    this.system = new SystemCalls(transport);
  }
}
