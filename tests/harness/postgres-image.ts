import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { must, type TestDaemon } from "./daemon.ts";
import { takeFiles, takePrograms } from "./program-files.ts";

export const PROGRAMS = "/usr/lib/postgresql";
/** PostgreSQL will not run as root; Debian's package takes whatever id is free. */
export const POSTGRES_USER = "999:999";

/** The newest major version that is installed on this machine; undefined: none. */
export async function postgresVersion(): Promise<string | undefined> {
  const versions = await readdir(PROGRAMS).catch(() => []);
  return versions.sort((a, b) => Number(a) - Number(b)).at(-1);
}

/** Copies server and clients, what they load and their data into a tree. */
export async function takePostgres(root: string, version: string): Promise<void> {
  const own = join(PROGRAMS, version);
  const programs = ["postgres", "initdb", "psql", "pgbench"].map((name) => join(own, "bin", name));
  const modules = ["plpgsql.so", "dict_snowball.so"].map((name) => join(own, "lib", name));
  await takePrograms(root, [...programs, ...modules]);
  await takeFiles(root, [`/usr/share/postgresql/${version}`, "/usr/share/zoneinfo/Etc"]);
}

/**
 * Makes the image `postgres:test` from the files of the distribution's package: server and clients, what
 * they load, their data, and busybox. The data directory is a volume, and the server's socket is in it.
 */
export async function importPostgres(daemon: TestDaemon, version: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "be2e-postgres-"));
  try {
    const own = join(PROGRAMS, version);
    await takeFiles(root, ["/bin/busybox"]);
    for (const name of ["sh", "seq", "sed"]) await symlink("busybox", join(root, "bin", name));
    await takePostgres(root, version);
    await mkdir(join(root, "etc"), { recursive: true });
    await writeFile(
      join(root, "etc/passwd"),
      "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/:/bin/sh\n",
    );
    await $`chmod 755 . && mkdir -p tmp dev var/lib/postgresql && chmod 1777 tmp && chown ${POSTGRES_USER} var/lib/postgresql && chmod 700 var/lib/postgresql`
      .cwd(root)
      .quiet();
    const tar = await $`tar -cf - --numeric-owner .`.cwd(root).quiet();
    const changes = [
      `ENV PATH=${own}/bin:/bin`,
      "ENV PGDATA=/var/lib/postgresql/data PGHOST=/var/lib/postgresql PGUSER=postgres",
      "VOLUME /var/lib/postgresql",
      `USER ${POSTGRES_USER}`,
      `CMD ["sh", "-c", "${START}"]`,
    ];
    const flags = changes.flatMap((change) => ["--change", change]);
    must(await daemon.berth("import", ...flags, "-", "postgres:test", { stdin: tar.stdout }));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const START =
  "[ -e $PGDATA/PG_VERSION ] || initdb -A trust --no-locale -E UTF8 >/dev/null; exec postgres -k /var/lib/postgresql -c listen_addresses= -c shared_buffers=16MB";
