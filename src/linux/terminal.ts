import { bindLibc, struct } from "./libc.ts";

const libc = bindLibc({
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  tcgetattr: { args: ["i32", "ptr"], returns: "i32" },
  tcsetattr: { args: ["i32", "i32", "ptr"], returns: "i32" },
  cfmakeraw: { args: ["ptr"], returns: "void" },
});

const TIOCGWINSZ = 0x5413;
const TCSANOW = 0;
const TERMIOS_BYTES = 60;

/** The window size of a terminal (ioctl_tty(2), TIOCGWINSZ); undefined where `fd` is none. */
export function terminalSize(fd: number): { rows: number; columns: number } | undefined {
  const { bytes, view } = struct(8);
  if (libc.ioctl(fd, TIOCGWINSZ, bytes) !== 0) return undefined;
  return { rows: view.getUint16(0, true), columns: view.getUint16(2, true) };
}

/**
 * Lets every byte through unchanged in both directions (cfmakeraw(3): also no output processing, which
 * Bun's own raw mode leaves on). Returns what puts the earlier mode back; where `fd` is no terminal,
 * nothing happens.
 */
export function makeTerminalRaw(fd: number): () => void {
  const before = struct(TERMIOS_BYTES).bytes;
  if (libc.tcgetattr(fd, before) !== 0) return () => {};
  const raw = struct(TERMIOS_BYTES).bytes;
  raw.set(before);
  libc.cfmakeraw(raw);
  libc.tcsetattr(fd, TCSANOW, raw);
  return () => {
    libc.tcsetattr(fd, TCSANOW, before);
  };
}
