/** What Docker's volume calls answer, as schemas. */
import type { Volume, VolumeList, VolumePruneReport } from "../../../spec/index.ts";
import {
  anything,
  type Decoder,
  integer,
  list,
  map,
  named,
  nullable,
  object,
  text,
  word,
} from "../../decode.ts";

export const volume = named(
  "Volume",
  object<Volume>({
    Name: text,
    Driver: text,
    Mountpoint: text,
    CreatedAt: text,
    Status: map(anything) as Decoder<NonNullable<Volume["Status"]>>,
    Labels: nullable(map(text)),
    Scope: word("local", "global"),
    Options: nullable(map(text)),
    UsageData: object<NonNullable<Volume["UsageData"]>>({ Size: integer, RefCount: integer }),
  }),
);
export const volumeList = named(
  "VolumeListResponse",
  object<VolumeList>({ Volumes: list(volume), Warnings: nullable(list(text)) }),
);
export const volumesPruned = object<VolumePruneReport>({
  VolumesDeleted: nullable(list(text)),
  SpaceReclaimed: integer,
});
