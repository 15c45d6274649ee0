import { connect as connectSocket } from "node:net";
import { CliError } from "../../cli-error.ts";
import { defineCommand, noArguments } from "../../command.ts";

export const command = defineCommand({
  usage: "",
  description: "Proxy the stdio stream to the daemon connection. Should not be invoked manually.",
  args: noArguments,
  flags: {},
  run: async ({ context }) => {
    const { host } = await context.client();
    const url = new URL(host);
    if (url.protocol !== "unix:" && context.globals.values.tls) {
      throw new CliError(`Cannot pass a connection to "${host}" on: it is one of TLS`);
    }
    const socket =
      url.protocol === "unix:"
        ? connectSocket({ path: url.pathname, allowHalfOpen: true })
        : connectSocket({ host: url.hostname, port: Number(url.port), allowHalfOpen: true });
    const closed = Promise.withResolvers<void>();
    socket.once("error", (error) =>
      closed.reject(new CliError(`Cannot connect to "${host}": ${error.message}`)),
    );
    // What the daemon sends is over only when it closes; our own input may end before.
    socket.once("end", () => closed.resolve());
    socket.on("data", (chunk: Buffer) => {
      socket.pause();
      context.stdout.send(chunk).then(
        () => socket.resume(),
        (error: unknown) => closed.reject(error),
      );
    });
    const upload = async (): Promise<void> => {
      for await (const chunk of Bun.stdin.stream()) {
        if (!socket.write(chunk)) {
          await new Promise((resolve) => socket.once("drain", resolve));
        }
      }
      socket.end();
    };
    upload().catch((error: unknown) => closed.reject(error));
    await closed.promise;
    socket.destroy();
    return undefined;
  },
});
