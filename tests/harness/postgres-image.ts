import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { $ } from "bun";
import { must, type TestDaemon } from "./daemon.ts";

export const PROGRAMS = "/usr/lib/postgresql";
/** PostgreSQL will not run as root; Debian's package takes whatever id is free. */
export const POSTGRES_USER = "999:999";

/** The newest major version that is installed on this machine; undefined: none. */
export async function postgresVersion(): Promise<string | undefined> {
  const versions = await readdir(PROGRAMS).catch(() => []);
  return versions.sort((a, b) => Number(a) - Number(b)).at(-1);
}

/**
 * Makes the image `postgres:test` from the files of the distribution's package: server and clients, what
 * they load, their data, and busybox. The data directory is a volume, and the server's socket is in it.
 */
export async function importPostgres(daemon: TestDaemon, version: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), "be2e-postgres-"));
  try {
    const own = join(PROGRAMS, version);
    const take = async (path: string) => {
      await mkdir(join(root, dirname(path)), { recursive: true });
      await cp(path, join(root, path), { recursive: true, dereference: true });
    };
    await take("/bin/busybox");
    for (const name of ["sh", "seq", "sed"]) await symlink("busybox", join(root, "bin", name));
    for (const program of ["postgres", "initdb", "psql", "pgbench"])
      await take(join(own, "bin", program));
    for (const library of ["plpgsql.so", "dict_snowball.so"]) await take(join(own, "lib", library));
    await take(`/usr/share/postgresql/${version}`);
    await take("/usr/share/zoneinfo/Etc");
    for (const library of await libraries(join(own, "bin"), join(own, "lib"))) await take(library);
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

/** What the programs of these directories load, with the loader itself. */
async function libraries(...directories: string[]): Promise<Set<string>> {
  const files = (
    await Promise.all(
      directories.map(async (directory) =>
        (await readdir(directory)).map((name) => join(directory, name)),
      ),
    )
  ).flat();
  const wanted = files.filter((file) =>
    /\/(?:postgres|initdb|psql|pgbench|plpgsql\.so|dict_snowball\.so)$/.test(file),
  );
  const text = await $`ldd ${wanted}`.quiet().text();
  return new Set([...text.matchAll(/(\/\S+\.so\S*) \(0x/g)].map(([, path = ""]) => path));
}
