import { constants } from "node:fs";
import { close, open, read } from "../../linux/file.ts";
import { letOthersWork } from "./let-others-work.ts";

const CHUNK = 1024 * 1024;

/** sha256 of a regular file, hex; a link is not followed. */
export async function hashFile(path: string): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = open(path, flags);
  try {
    const hash = new Bun.CryptoHasher("sha256");
    const buffer = scratch ?? new Uint8Array(new ArrayBuffer(CHUNK));
    scratch = undefined;
    for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) {
      hash.update(buffer.subarray(0, count));
      await letOthersWork();
    }
    scratch = buffer;
    return hash.digest("hex");
  } finally {
    close(fd);
  }
}

/** One buffer is enough for most: small files are read without a pause. */
let scratch: Uint8Array | undefined;
