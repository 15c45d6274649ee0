import { join } from "node:path";
import { must, run } from "./daemon.ts";

/** A real terminal: a tmux server of its own with one window. */
export class Terminal {
  private readonly socket: string;

  private constructor(socket: string) {
    this.socket = socket;
  }

  static async open(directory: string, columns = 80, rows = 24): Promise<Terminal> {
    const socket = join(directory, `tmux-${crypto.randomUUID().slice(0, 8)}`);
    const size = ["-x", String(columns), "-y", String(rows)];
    const shell = ["env", "-u", "TMUX", "PS1=READY ", "sh"];
    must(
      await run(["tmux", "-S", socket, "-f", "/dev/null", "new-session", "-d", ...size, ...shell]),
    );
    return new Terminal(socket);
  }

  private tmux(...args: string[]) {
    return run(["tmux", "-S", this.socket, ...args]);
  }

  /** Types text and presses Enter. */
  async type(text: string): Promise<void> {
    await this.tmux("send-keys", "-l", text);
    await this.press("Enter");
  }

  /** Presses keys by tmux's names: `C-c`, `Escape`, `Enter`. */
  async press(...keys: string[]): Promise<void> {
    await this.tmux("send-keys", ...keys);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  async screen(): Promise<string> {
    return (await this.tmux("capture-pane", "-p")).stdout;
  }

  /** Waits until the screen shows it, at most 10 seconds. */
  async shows(text: string | RegExp): Promise<void> {
    const matches = (screen: string) =>
      typeof text === "string" ? screen.includes(text) : text.test(screen);
    let screen = "";
    for (let attempt = 0; attempt < 200; attempt++) {
      screen = await this.screen();
      if (matches(screen)) return;
      await Bun.sleep(50);
    }
    throw new Error(`The terminal does not show ${text}:\n${screen}`);
  }

  async close(): Promise<void> {
    await this.tmux("kill-server");
  }
}
