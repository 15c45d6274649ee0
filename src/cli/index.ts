export { Output } from "./output.ts";
export type * from "./registry-access.ts";
export { type CliHost, runCli } from "./run-cli.ts";
