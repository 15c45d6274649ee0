/** Signals that make sense to hand on; SIGKILL and SIGSTOP cannot be caught, SIGCHLD and SIGPIPE are ours. */
const FORWARDED: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGTERM",
  "SIGCONT",
  "SIGTSTP",
];

/** A container that does not end lets the user go all the same. */
const PATIENCE = 3;

/**
 * Hands signals for this process on to the container.
 *
 * @param send failures are ignored: the container may have ended.
 * @returns what stops it.
 */
export function forwardSignals(send: (signal: string) => Promise<void>): () => void {
  let terminations = 0;
  const listener = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT" || signal === "SIGTERM") terminations++;
    if (terminations >= PATIENCE) {
      process.stderr.write("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n");
      process.exit(1);
    }
    send(signal).catch(() => {});
  };
  for (const signal of FORWARDED) process.on(signal, listener);
  return () => {
    for (const signal of FORWARDED) process.off(signal, listener);
  };
}
