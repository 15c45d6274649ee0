/** What the exec calls answer, as schemas. */
import type { ExecInspect } from "../../../spec/index.ts";
import { flag, integer, list, named, nullable, object, text } from "../../decode.ts";

export const execInspect = named(
  "ExecInspectResponse",
  object<ExecInspect>({
    CanRemove: flag,
    DetachKeys: text,
    ID: text,
    Running: flag,
    ExitCode: nullable(integer),
    ProcessConfig: object<ExecInspect["ProcessConfig"]>({
      privileged: flag,
      user: text,
      tty: flag,
      entrypoint: text,
      arguments: list(text),
    }),
    OpenStdin: flag,
    OpenStderr: flag,
    OpenStdout: flag,
    ContainerID: text,
    Pid: integer,
  }),
);
