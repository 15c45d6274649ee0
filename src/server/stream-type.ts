/** Content type of a container's output: raw for a tty, else Docker's frames, which had no name before 1.42. */
export function streamType(tty: boolean, version: number): string {
  return tty || version < 42
    ? "application/vnd.docker.raw-stream"
    : "application/vnd.docker.multiplexed-stream";
}
