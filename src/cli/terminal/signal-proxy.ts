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

/**
 * Hands signals for this process on to the container.
 *
 * @param send failures are ignored: the container may have ended.
 * @returns what stops it.
 */
export function forwardSignals(send: (signal: string) => Promise<void>): () => void {
  const listener = (signal: NodeJS.Signals): void => {
    send(signal).catch(() => {});
  };
  for (const signal of FORWARDED) process.on(signal, listener);
  return () => {
    for (const signal of FORWARDED) process.off(signal, listener);
  };
}
