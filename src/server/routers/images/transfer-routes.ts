import type { BlobList } from "../../../spec/index.ts";
import { json, NO_CONTENT } from "../../answer.ts";
import { list, object, text } from "../../decode.ts";
import type { Route } from "../../route.ts";
import type { ImageBackend } from "./backend.ts";

const NONE: BlobList = { digests: [] };
const blobList = object<BlobList>({ digests: list(text) }, NONE);

/**
 * Berth's own: the guard against removal, and the transfer between engines. A sender asks its engine for an
 * image's blobs, the other one which of them are missing, and pipes an archive of those alone into
 * `/images/load`.
 */
export function transferRoutes(backend: ImageBackend): Route[] {
  return [
    ...[true, false].map(
      (locked): Route => ({
        method: "POST",
        path: `/berth/images/{name}/${locked ? "lock" : "unlock"}`,
        handle: async ({ name }) => {
          await backend.lock(name, locked);
          return NO_CONTENT;
        },
      }),
    ),
    {
      method: "GET",
      path: "/berth/images/{name}/blobs",
      handle: async ({ name }) => json(await backend.blobs(name)),
    },
    {
      method: "POST",
      path: "/berth/blobs/missing",
      handle: async (request) =>
        json(await backend.missing(await request.jsonOr(blobList, "BlobList", NONE))),
    },
    {
      method: "POST",
      path: "/berth/images/{name}/archive",
      handle: async (request) => {
        const { digests } = await request.jsonOr(blobList, "BlobList", NONE);
        const options = { platforms: [], without: new Set(digests) };
        return {
          kind: "stream",
          headers: { "Content-Type": "application/x-tar" },
          chunks: await backend.save([request.name], options, request.signal),
        };
      },
    },
  ];
}
