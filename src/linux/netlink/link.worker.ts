/**
 * The link thread: carries out `LinkOperations` one after the other. The kernel takes one lock for all
 * changes of links and may hold it for tens of milliseconds while namespaces die; here nobody else waits.
 */
import { SyscallError } from "../errno.ts";
import { LinkOperations } from "./link-operations.ts";
import type { LinkAnswer, LinkCall } from "./link-protocol.ts";

declare const self: Worker;

const operations = new LinkOperations();

function carryOut(call: LinkCall): LinkAnswer {
  try {
    const operation = operations[call.operation] as (...args: unknown[]) => unknown;
    return { id: call.id, ok: true, result: operation.apply(operations, call.arguments) };
  } catch (error) {
    const { id } = call;
    if (error instanceof SyscallError) {
      const { message, syscall, errno, path } = error;
      return { id, ok: false, message, syscall, errno, ...(path === undefined ? {} : { path }) };
    }
    return { id, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

self.onmessage = (event: MessageEvent<LinkCall>) => {
  self.postMessage(carryOut(event.data));
};
