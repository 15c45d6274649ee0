import type { ImageRunConfig } from "../../spec/index.ts";
import type { ExpandedInstruction } from "../dockerfile/index.ts";
import { commandArguments } from "./apply-config.ts";

/** What `docker history` shows of a step. `args`: declared `ARG`s of a `RUN`. */
export function historyText(
  instruction: ExpandedInstruction,
  config: ImageRunConfig,
  args: ReadonlyMap<string, string> = new Map(),
): string {
  switch (instruction.kind) {
    case "RUN": {
      const command = commandArguments(instruction.command, config).join(" ");
      const given = [...args].map(([name, value]) => `${name}=${value}`);
      const prefix = given.length === 0 ? "" : `|${given.length} ${given.join(" ")} `;
      return `RUN ${prefix}${command}`;
    }
    case "ENV":
    case "LABEL":
      return `${instruction.kind} ${instruction.pairs.map(({ name, value }) => `${name}=${value}`).join(" ")}`;
    case "ARG":
      return `ARG ${instruction.args.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)).join(" ")}`;
    case "CMD":
    case "ENTRYPOINT":
      return `${instruction.kind} ${JSON.stringify(commandArguments(instruction.command, config))}`;
    case "EXPOSE":
      return `EXPOSE map[${instruction.ports.map((port) => `${port}:{}`).join(" ")}]`;
    case "VOLUME":
      return `VOLUME [${instruction.paths.join(" ")}]`;
    case "USER":
      return `USER ${instruction.user}`;
    case "WORKDIR":
      return `WORKDIR ${instruction.path}`;
    case "STOPSIGNAL":
      return `STOPSIGNAL ${instruction.signal}`;
    case "COPY":
    case "ADD":
      return `${instruction.kind} ${[...instruction.sources, ...instruction.files.map(({ name }) => name)].join(" ")} ${instruction.destination}`;
    default:
      return instruction.text;
  }
}
