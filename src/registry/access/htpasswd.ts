import { createHmac, randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { compare } from "bcryptjs";
import { EngineError } from "../../spec/index.ts";

const MOST_REMEMBERED = 1024;
const REMEMBERED_FOR = 10 * 60_000;
/** A hash of nothing, compared for users who do not exist: they are not told apart by time. */
const NOBODY = "$2b$10$abcdefghijklmnopqrstuuPbN2YPFWyYBuLPGFTl0Zq0BZ5jQZcKe";

/** Users and bcrypt hashes in a file as `htpasswd -B` writes it. Changes of the file are seen at once. */
export class Htpasswd {
  private users: ReadonlyMap<string, string> = new Map();
  private readAt = "";
  private readonly secret = randomBytes(32);
  private readonly good = new Map<string, number>();

  private constructor(private readonly file: string) {}

  static async open(file: string): Promise<Htpasswd> {
    const htpasswd = new Htpasswd(file);
    await htpasswd.refresh();
    return htpasswd;
  }

  async verify(user: string, password: string): Promise<boolean> {
    await this.refresh();
    const hash = this.users.get(user);
    const key = createHmac("sha256", this.secret)
      .update(JSON.stringify([user, password, hash]))
      .digest("base64");
    const until = this.good.get(key);
    if (until !== undefined && until > Date.now()) return true;
    // bcrypt takes a tenth of a second on purpose; a pull of many layers pays it once.
    const fits = await compare(password, hash ?? NOBODY);
    if (!fits || hash === undefined) return false;
    this.remember(key);
    return true;
  }

  async knows(user: string): Promise<boolean> {
    await this.refresh();
    return this.users.has(user);
  }

  private remember(key: string): void {
    this.good.delete(key);
    this.good.set(key, Date.now() + REMEMBERED_FOR);
    const [oldest] = this.good.keys();
    if (this.good.size > MOST_REMEMBERED && oldest !== undefined) this.good.delete(oldest);
  }

  private async refresh(): Promise<void> {
    const { mtimeMs, size, ino } = await stat(this.file);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === this.readAt) return;
    this.users = parseHtpasswd(await readFile(this.file, "utf8"), this.file);
    this.readAt = version;
    this.good.clear();
  }
}

export function parseHtpasswd(text: string, file: string): Map<string, string> {
  const users = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const hash = line.slice(colon + 1).trim();
    if (colon < 1 || !/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) {
      throw new EngineError(
        "invalid-argument",
        `Cannot read "${file}": line ${index + 1} is not "user:bcrypt hash" (htpasswd -B)`,
      );
    }
    users.set(line.slice(0, colon), hash);
  }
  return users;
}
