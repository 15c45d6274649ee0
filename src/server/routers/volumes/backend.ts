import type {
  Filters,
  Volume,
  VolumeCreateRequest,
  VolumeList,
  VolumeListOptions,
  VolumePruneReport,
  VolumeRemoveOptions,
} from "../../../spec/index.ts";

/** What the volume routes need of the engine. */
export interface VolumeBackend {
  list(options: VolumeListOptions): Promise<VolumeList>;
  inspect(name: string): Promise<Volume>;
  /** Idempotent: a volume of that name and driver is returned as it is. */
  create(request: VolumeCreateRequest): Promise<Volume>;
  /** With `force` an unknown volume is no error. */
  remove(name: string, options: VolumeRemoveOptions): Promise<void>;
  prune(filters: Filters): Promise<VolumePruneReport>;
}
