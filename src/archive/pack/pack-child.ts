import { writeAll } from "../../linux/file.ts";
import { failChild } from "../child-protocol.ts";
import { enterRoot, mountIntoTree } from "../locked-root.ts";
import type { PackOptions, TreeMount } from "../tree-options.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { Packing } from "./packing.ts";
import { describePath } from "./stat-path.ts";
import { TarSink } from "./tar-sink.ts";

export interface PackRequest extends Omit<PackOptions, "signal" | "mounts"> {
  root: string;
  mounts: readonly TreeMount[];
  /** Tell about `path` instead of packing it. */
  stat?: boolean;
}

/**
 * `berth pack <request as JSON>`: writes a tar of a tree to stdout, or a failure as JSON to stderr, with
 * exit code 1.
 */
export function runPack(argument: string): never {
  try {
    const request = JSON.parse(argument) as PackRequest;
    if (request.stat === true) {
      mountIntoTree(request.root, request.mounts);
      const status = describePath(request.root, request.path ?? "/");
      writeAll(1, Buffer.from(JSON.stringify(status)));
    } else {
      if (request.unconfined !== true) enterRoot(request.root, request.mounts);
      const prefix = request.unconfined === true ? request.root.replace(/\/$/, "") : "";
      new Packing(request, new TarSink(new OutputBuffer(1)), prefix).run();
    }
    process.exit(0);
  } catch (error) {
    failChild(error);
  }
}
