import type { CommandContext } from "../../cli/command.ts";
import type { Service } from "../file/project.ts";
import type { ProjectContext } from "./project-context.ts";

export async function buildService(
  _command: CommandContext,
  _context: ProjectContext,
  name: string,
  _service: Service,
): Promise<void> {
  throw new Error(`cannot build service "${name}"`);
}
