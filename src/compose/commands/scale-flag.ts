import { CliError } from "../../cli/cli-error.ts";
import { didYouMean } from "../file/closest-name.ts";
import type { Project } from "../file/project.ts";

/** The project with `SERVICE=NUM` in place of the file's scales. */
export function withScale(project: Project, words: readonly string[]): Project {
  const services = { ...project.services };
  for (const word of words) {
    const [name = "", text = ""] = word.split("=");
    const count = Number(text);
    if (text === "" || !Number.isInteger(count) || count < 0) {
      throw new CliError(`invalid scale specifier "${word}": use SERVICE=NUM`);
    }
    const service = services[name];
    if (service === undefined) {
      throw new CliError(`no such service: ${name}${didYouMean(name, Object.keys(services))}`);
    }
    const { deploy } = service;
    services[name] = {
      ...service,
      scale: count,
      ...(deploy ? { deploy: { ...deploy, replicas: count } } : {}),
    };
  }
  return { ...project, services };
}
