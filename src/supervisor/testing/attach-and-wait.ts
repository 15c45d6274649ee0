import { join } from "node:path";
import type { ProcessRequest } from "../supervisor.ts";
import { SupervisorClient } from "../supervisor-client.ts";

/** A daemon that starts one process, is attached to it, and waits to be killed. */
const [root = "", ...command] = process.argv.slice(2);
const request = (await Bun.file(join(root, "request.json")).json()) as ProcessRequest;
const client = new SupervisorClient({ execRoot: command.at(-1) ?? "", command });
await client.attach(request.id, { stdin: true, stdout: true, stderr: true });
await client.start(request);
console.log("running");
