import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setCloseOnExec } from "../linux/descriptor.ts";
import { processStartTime, replaceProcess } from "../linux/process.ts";
import { watchEnd } from "./adopt-processes.ts";
import { Attachment } from "./attachment.ts";
import type { ControlConnection } from "./control-connection.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { SpooledOutput } from "./process-output.ts";
import type { OpenStdio } from "./process-stdio.ts";
import { LineDecoder } from "./protocol.ts";
import { SocketConnection } from "./socket-connection.ts";
import type { AttachOptions, ProcessExit, ProcessRequest } from "./supervisor.ts";
import type { SupervisorServer } from "./supervisor-server.ts";

/** Bytes, base64. */
type Bytes = string;

interface HandedConnection {
  fd: number;
  /** What the peer has not taken yet. */
  queue: Bytes;
}

interface HandedAttachment extends HandedConnection {
  options: AttachOptions;
}

interface HandedProcess {
  request: ProcessRequest;
  pid: number;
  startedAt: string;
  /** Reaped by us; otherwise its end is seen by a pidfd. */
  isChild: boolean;
  isFinished: boolean;
  exit?: ProcessExit;
  stdio: OpenStdio;
  /** The beginning of a line, for output that does not go through a spool. */
  held: Bytes[];
  inputPending: Bytes;
  attachments: HandedAttachment[];
}

/** Everything that a supervisor hands to the program that takes its place in the same process. */
export interface Handover {
  /** The process that it is meant for: execve keeps both. */
  pid: number;
  startTime: number;
  lock: number;
  listener: number;
  controls: (HandedConnection & { rest: Bytes })[];
  waiting: (HandedAttachment & { id: string })[];
  processes: HandedProcess[];
  /** The request that asked for it: index into `controls`, and the request's id. */
  answer: { control: number; id: number };
}

const encode = (bytes: Uint8Array): Bytes => Buffer.from(bytes).toString("base64");
const decode = (bytes: Bytes): Uint8Array => new Uint8Array(Buffer.from(bytes, "base64"));
const pathOf = (execRoot: string): string => join(execRoot, "handover.json");

export interface HandOverOptions {
  execRoot: string;
  lock: number;
  command: readonly string[];
  answer: { connection: ControlConnection; id: number };
}

/** Puts another program in this one's place, with all that it holds. Returns only by throwing. */
export function handOver(server: SupervisorServer, options: HandOverOptions): void {
  const handover = collect(server, options);
  const path = pathOf(options.execRoot);
  writeFileSync(path, JSON.stringify(handover), { mode: 0o600 });
  const descriptors = descriptorsIn(handover);
  for (const fd of descriptors) setCloseOnExec(fd, false);
  try {
    const env = Object.fromEntries(
      Object.entries(process.env).map(([name, value]) => [name, value ?? ""]),
    );
    replaceProcess(options.command, env);
  } catch (error) {
    for (const fd of descriptors) setCloseOnExec(fd, true);
    rmSync(path, { force: true });
    throw error;
  }
}

function collect(server: SupervisorServer, { lock, answer }: HandOverOptions): Handover {
  const controls = [...server.controls];
  const waiting = [...server.waiting].flatMap(([id, attachments]) =>
    [...attachments].map((attachment) => ({ id, ...handAttachment(attachment) })),
  );
  return {
    pid: process.pid,
    startTime: processStartTime(process.pid) ?? 0,
    lock,
    listener: server.listener,
    controls: controls.map((control) => ({
      ...handConnection(control.connection),
      rest: encode(control.rest),
    })),
    waiting,
    processes: [...server.processes.values()].map(handProcess),
    answer: { control: controls.indexOf(answer.connection), id: answer.id },
  };
}

function handConnection(connection: SocketConnection): HandedConnection {
  return { fd: connection.fd, queue: encode(connection.pending) };
}

function handAttachment(attachment: Attachment): HandedAttachment {
  return { ...handConnection(attachment.connection), options: attachment.options };
}

function handProcess(managed: ManagedProcess): HandedProcess {
  const { request, pid, startedAt, exit, isFinished, isChild, outputs, input, master } = managed;
  const stdio: OpenStdio = {};
  if (!isFinished && input !== undefined && !input.isClosed) stdio.stdin = input.fd;
  for (const output of isFinished ? [] : outputs) {
    if (output.ended) continue;
    if (output.fd === master) stdio.master = output.fd;
    else if (output.stream === 1) stdio.stdout = output.fd;
    else stdio.stderr = output.fd;
  }
  return {
    request,
    pid,
    startedAt,
    isChild,
    isFinished,
    ...(exit === undefined ? {} : { exit }),
    stdio,
    held: outputs.map((output) => encode(output instanceof SpooledOutput ? NOTHING : output.held)),
    inputPending: encode(input?.pending ?? NOTHING),
    attachments: [...managed.attachments].map(handAttachment),
  };
}

const NOTHING = new Uint8Array();

function descriptorsIn({ lock, listener, controls, waiting, processes }: Handover): number[] {
  const connections = [
    ...controls,
    ...waiting,
    ...processes.flatMap(({ attachments }) => attachments),
  ];
  return [
    lock,
    listener,
    ...connections.map(({ fd }) => fd),
    ...processes.flatMap(({ stdio }) => Object.values(stdio) as number[]),
  ];
}

/** What was handed to this very process; undefined at an ordinary start. */
export function loadHandover(execRoot: string): Handover | undefined {
  const path = pathOf(execRoot);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  rmSync(path, { force: true });
  const handover = JSON.parse(text) as Handover;
  const isOurs =
    handover.pid === process.pid && handover.startTime === processStartTime(process.pid);
  return isOurs ? handover : undefined;
}

/** Makes a server what it was before. */
export function restore(server: SupervisorServer, handover: Handover): void {
  for (const fd of descriptorsIn(handover)) setCloseOnExec(fd, true);
  for (const handed of handover.processes) restoreProcess(server, handed);
  for (const handed of handover.waiting) {
    server.attach(handed.id, restoreAttachment(server, handed));
  }
  for (const [index, handed] of handover.controls.entries()) {
    const decoder = new LineDecoder();
    decoder.push(decode(handed.rest));
    const control = server.addControl(restoreConnection(server, handed), decoder);
    if (index === handover.answer.control) control.answer(handover.answer.id, null);
  }
}

function restoreProcess(server: SupervisorServer, handed: HandedProcess): void {
  const { request, pid, exit } = handed;
  const managed = server.newProcess(request);
  managed.isChild = handed.isChild;
  if (!handed.isFinished) managed.openLog(true);
  managed.resume(handed, handed.stdio, decode(handed.inputPending));
  server.hold(managed);
  if (handed.isFinished && exit !== undefined) {
    managed.restoreExit(exit);
    return;
  }
  for (const [index, output] of managed.outputs.entries()) {
    if (output instanceof SpooledOutput) output.recover();
    output.start(decode(handed.held[index] ?? ""));
  }
  for (const attachment of handed.attachments) {
    managed.attach(restoreAttachment(server, attachment));
  }
  if (exit !== undefined) managed.linger(exit);
  else if (handed.isChild) server.awaitChild(managed);
  else watchEnd(server, managed, { pid, startTime: processStartTime(pid) ?? 0 });
}

function restoreConnection(
  server: SupervisorServer,
  { fd, queue }: HandedConnection,
): SocketConnection {
  const connection = new SocketConnection(server.poller, fd, NO_HANDLERS);
  const pending = decode(queue);
  if (pending.length > 0) connection.write(pending);
  return connection;
}

function restoreAttachment(server: SupervisorServer, handed: HandedAttachment): Attachment {
  return new Attachment(restoreConnection(server, handed), handed.options, server);
}

const NO_HANDLERS = { onData() {}, onEnd() {}, onClose() {} };
