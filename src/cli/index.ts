export { Output } from "./output.ts";
export { type CliHost, runCli } from "./run-cli.ts";
