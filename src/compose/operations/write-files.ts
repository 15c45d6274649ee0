import type { EngineClient } from "../../client/index.ts";
import type { FileMount, FileSource, Project, Service } from "../file/project.ts";
import { fileTarget } from "../model/mounts.ts";

export type LookupVariable = (name: string) => string | undefined;

/**
 * Writes the secrets and configs that come from variables and from the file itself into a container that
 * has not started. What comes from a file of the host is mounted instead.
 */
export async function writeFiles(
  client: EngineClient,
  id: string,
  project: Project,
  service: Service,
  lookup: LookupVariable,
): Promise<void> {
  const files = [
    ...contents("secret", project.secrets, service.secrets, "/run/secrets", lookup),
    ...contents("config", project.configs, service.configs, "", lookup),
  ];
  if (files.length === 0) return;
  await client.containers.putArchive(id, "/", tarOf(files));
}

interface TarFile {
  path: string;
  content: Buffer;
  mode: number;
  uid: number;
  gid: number;
}

function contents(
  kind: string,
  sources: Record<string, FileSource> | undefined,
  mounts: readonly FileMount[] | undefined,
  base: string,
  lookup: LookupVariable,
): TarFile[] {
  return (mounts ?? []).flatMap((mount): TarFile[] => {
    const source = sources?.[mount.source];
    if (source === undefined || source.file !== undefined) return [];
    if (source.external === true) {
      throw new Error(
        `unsupported external ${kind} ${mount.source}: an engine without a swarm keeps none; give it a file, content or environment`,
      );
    }
    const text = source.content ?? lookup(source.environment ?? "");
    if (text === undefined) {
      throw new Error(
        `environment variable "${source.environment}" required by ${kind} "${mount.source}" is not set`,
      );
    }
    return [
      {
        path: fileTarget(mount, base).replace(/^\/+/, ""),
        content: Buffer.from(text),
        mode: Number.parseInt(mount.mode ?? "0444", 8),
        uid: Number(mount.uid ?? 0),
        gid: Number(mount.gid ?? 0),
      },
    ];
  });
}

const BLOCK = 512;

/** A tar archive of regular files (POSIX ustar), with the directories that they need. */
function tarOf(files: readonly TarFile[]): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [];
  for (const file of files) {
    parts.push(header(file), file.content);
    parts.push(Buffer.alloc((BLOCK - (file.content.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return new Uint8Array(Buffer.concat(parts));
}

function header({ path, content, mode, uid, gid }: TarFile): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  if (Buffer.byteLength(path) > 100) {
    throw new Error(`the path /${path} is too long for a secret or config: at most 100 bytes`);
  }
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(content.length, 124, 12);
  octal(Math.floor(Date.now() / 1000), 136, 12);
  block.fill(" ", 148, 156);
  block.write("0", 156);
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
