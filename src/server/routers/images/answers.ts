/** What the image calls answer, as schemas. */
import type {
  DistributionInspect,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImagePruneReport,
  ImageRunConfig,
  ImageSearchResult,
  ImageSummary,
  ProgressMessage,
} from "../../../spec/index.ts";
import {
  anything,
  type Decoder,
  flag,
  integer,
  list,
  map,
  named,
  nullable,
  object,
  set,
  text,
  word,
} from "../../decode.ts";
import { descriptor, graphDriver, platform } from "../containers/answers.ts";
import { healthConfig } from "../containers/bodies.ts";

const imageConfig = named(
  "ImageConfig",
  object<ImageRunConfig>({
    User: text,
    ExposedPorts: nullable(set),
    Env: nullable(list(text)),
    Entrypoint: nullable(list(text)),
    Cmd: nullable(list(text)),
    Volumes: nullable(set),
    WorkingDir: text,
    Labels: nullable(map(text)),
    StopSignal: text,
    ArgsEscaped: flag,
    Healthcheck: healthConfig,
    OnBuild: nullable(list(text)),
    Shell: nullable(list(text)),
  }),
);

export const imageInspect = named(
  "ImageInspect",
  object<ImageInspect>({
    Id: text,
    RepoTags: list(text),
    RepoDigests: list(text),
    Parent: text,
    Comment: text,
    Created: text,
    DockerVersion: text,
    Author: text,
    Config: imageConfig,
    Architecture: text,
    Variant: text,
    Os: text,
    OsVersion: text,
    Size: integer,
    GraphDriver: graphDriver,
    RootFS: object<ImageInspect["RootFS"]>({ Type: word("layers"), Layers: list(text) }),
    Metadata: object<ImageInspect["Metadata"]>({ LastTagTime: text }),
    Locked: flag as Decoder<true>,
  }),
);

export const imageSummary = named(
  "ImageSummary",
  object<ImageSummary>({
    Id: text,
    ParentId: text,
    RepoTags: list(text),
    RepoDigests: list(text),
    Created: integer,
    Size: integer,
    SharedSize: integer,
    Labels: nullable(map(text)),
    Containers: integer,
  }),
);

export const imageHistoryItem = named(
  "ImageHistoryResponseItem",
  object<ImageHistoryItem>({
    Id: text,
    Created: integer,
    CreatedBy: text,
    Tags: nullable(list(text)),
    Size: integer,
    Comment: text,
  }),
);

const deleteItem = named(
  "ImageDeleteResponseItem",
  object<{ Untagged: string; Deleted: string }>({ Untagged: text, Deleted: text }),
) as Decoder<unknown> as Decoder<ImageDeleteItem>;
export const imageDeleted = list(deleteItem);
export const imagesPruned = object<ImagePruneReport>({
  ImagesDeleted: nullable(list(deleteItem)),
  SpaceReclaimed: integer,
});

export const imageSearchResult = object<ImageSearchResult>({
  star_count: integer,
  is_official: flag,
  name: text,
  is_automated: flag,
  description: text,
});

export const distributionInspect = named(
  "DistributionInspect",
  object<DistributionInspect>({ Descriptor: descriptor, Platforms: list(platform) }),
);

/** A line of a pull, push, load, import or build. */
export const progressLine = named(
  "ProgressMessage",
  object<ProgressMessage>({
    id: text,
    status: text,
    stream: text,
    progress: text,
    progressDetail: object<NonNullable<ProgressMessage["progressDetail"]>>({
      current: integer,
      total: integer,
      hidecounts: flag,
    }),
    error: text,
    errorDetail: object<{ code?: number; message: string }>({ code: integer, message: text }),
    aux: anything,
  }),
);
export const idAnswer = named("IDResponse", object<{ Id: string }>({ Id: text }));
