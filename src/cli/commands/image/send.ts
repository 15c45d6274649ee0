import { defineCommand, exactly } from "../../command.ts";
import { connectTo } from "../../connection/connect.ts";
import { bool } from "../../flags/flag-kinds.ts";
import { humanSize } from "../../format/human-size.ts";
import { showProgress } from "../../progress/show-progress.ts";

export const command = defineCommand({
  usage: "[OPTIONS] HOST IMAGE",
  description:
    "Send an image to another Berth, without what it has already\nHOST is where the other daemon listens: unix:///path, tcp://host:port or host:port.",
  args: exactly(2),
  flags: { quiet: bool("Suppress verbose output", { short: "q" }) },
  run: async ({ values, args, context }) => {
    const [host = "", image = ""] = args;
    const { images } = await context.client();
    const other = (await connectTo(context, host)).images;
    const all = await images.blobs(image);
    const missing = new Set((await other.missing(all)).digests);
    const there = { digests: all.digests.filter((digest) => !missing.has(digest)) };
    let sent = 0;
    const counted = async function* () {
      for await (const chunk of await images.archive(image, there)) {
        sent += chunk.length;
        yield chunk;
      }
    };
    const messages = await other.load(counted(), { quiet: true });
    await showProgress(context, context.stdout, messages);
    if (!values.quiet) {
      const parts = `${missing.size} of ${all.digests.length} blobs`;
      context.stderr.line(`Sent ${parts}, ${humanSize(sent)}`);
    }
    return undefined;
  },
});
