/**
 * A program that uses the package as another project would, for Node and for Bun: `program.ts HOST MODE`. Without a host it
 * starts an engine of its own. It prints one line of JSON for each thing that it has seen.
 */
import { connect, type DaemonError, demultiplex } from "berth/client";
import { startEngine } from "berth/testing";

const [host = "", mode = "stop", archive = ""] = process.argv.slice(2);
const say = (what: string, value: unknown): void => console.log(JSON.stringify({ what, value }));

const engine = host === "" ? await startEngine() : undefined;
const client = engine?.client ?? connect({ host });
say("host", engine?.host ?? client.host);
say("api", (await client.system.ping()).ApiVersion !== "");

const { createReadStream } = await import("node:fs");
for await (const _ of await client.images.import(
  { source: "-", reference: "library-test:1" },
  createReadStream(archive),
));
const { Id } = await client.containers.create({
  Image: "library-test:1",
  Cmd: ["/bin/sh", "-c", "echo out; read word; echo got $word >&2; exit 3"],
  OpenStdin: true,
  StdinOnce: true,
  AttachStdin: true,
  HostConfig: { NetworkMode: "none" },
});
const attached = await client.containers.attach(Id, {
  stream: true,
  stdin: true,
  stdout: true,
  stderr: true,
});
await client.containers.start(Id);
await attached.write(new TextEncoder().encode("word\n"));
attached.end();
let output = "";
for await (const chunk of attached.output) output += Buffer.from(chunk).toString("latin1");
say("output", output.replace(/[^ -~\n]/g, ""));
const { result } = await client.containers.wait(Id);
say("exit", (await result).StatusCode);

const log = await client.containers.logs(Id, { stdout: true, stderr: true });
let logged = 0;
for await (const { content } of demultiplex(log.chunks)) logged += content.length;
say("logged", logged);

const abort = new AbortController();
const events = await client.system.events({}, abort.signal);
const seen: string[] = [];
await client.containers.remove(Id);
try {
  for await (const { Action } of events) {
    seen.push(Action);
    if (Action === "destroy") abort.abort();
  }
} catch (error) {
  say("cancelled", (error as DaemonError).kind);
}
say("events", seen.at(-1));
await client.containers.inspect(Id).catch((error: DaemonError) => {
  say("error", [error.name, error.status, error.kind]);
});
await client.images.remove("library-test:1");
say("images", (await client.images.list({ filters: { reference: ["library-test"] } })).length);

if (mode === "crash") process.kill(process.pid, "SIGKILL");
if (mode === "stop") await engine?.stop();
