import {
  encodeFilters,
  type Filters,
  type Volume,
  type VolumeCreateRequest,
  type VolumeList,
  type VolumeListOptions,
  type VolumePruneReport,
  type VolumeRemoveOptions,
} from "../../spec/index.ts";
import type { HttpTransport } from "../http-transport.ts";

/** `/volumes`. */
export class VolumeCalls {
  readonly #transport: HttpTransport;

  constructor(transport: HttpTransport) {
    this.#transport = transport;
  }

  list(options: Partial<VolumeListOptions> = {}): Promise<VolumeList> {
    const query = { filters: encodeFilters(options.filters) };
    return this.#transport.json("GET", "/volumes", { query });
  }

  inspect(name: string): Promise<Volume> {
    return this.#transport.json("GET", `/volumes/${encodeURIComponent(name)}`);
  }

  create(request: VolumeCreateRequest): Promise<Volume> {
    return this.#transport.json("POST", "/volumes/create", { json: request });
  }

  remove(name: string, options: Partial<VolumeRemoveOptions> = {}): Promise<void> {
    const query = { force: options.force };
    return this.#transport.send("DELETE", `/volumes/${encodeURIComponent(name)}`, { query });
  }

  prune(filters?: Filters): Promise<VolumePruneReport> {
    const query = { filters: encodeFilters(filters) };
    return this.#transport.json("POST", "/volumes/prune", { query });
  }
}
