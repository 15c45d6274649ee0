/**
 * Measures Berth's registry beside Debian's docker-registry, turn by turn: `bun bench/registry.ts`. Needs a
 * built dist/berth, Debian's docker-registry, curl, openssl and 12 GB of disk under /tmp. Prints a Markdown
 * table.
 */

import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BerthRegistry } from "../tests/harness/berth-registry.ts";
import { makeCertificate } from "../tests/harness/certificate.ts";
import { TestRegistry } from "../tests/harness/registry.ts";
import { median } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 5);
const SIZE = Number(process.env["BENCH_MEGABYTES"] ?? 1000) * 1_000_000;
/** Pulls or pushes at once. */
const CLIENTS = 200;
/** Of each of the concurrent pulls. Bytes. */
const SMALL = 20_000_000;
/** Of each of the concurrent pushes. Bytes. */
const PUSHED = 10_000_000;

interface Contender {
  readonly name: string;
  readonly base: string;
  readonly pid: number;
}

const directory = await mkdtemp("/tmp/bench-registry-");
/** The certificate is of an authority that nobody knows. */
const UNVERIFIED = { tls: { rejectUnauthorized: false } };
const certificate = await makeCertificate(directory, "127.0.0.1");
const servers: { stop(): Promise<void> }[] = [];

async function startBoth(tls?: { certificate: string; key: string }): Promise<Contender[]> {
  const secured = tls === undefined ? {} : { tls };
  const debian = await TestRegistry.start(secured);
  const berth = await BerthRegistry.start(secured);
  servers.push(debian, berth);
  const scheme = tls === undefined ? "http" : "https";
  return [
    { name: "docker-registry", base: `${scheme}://${debian.address}`, pid: debian.pid },
    { name: "berth registry", base: `${scheme}://${berth.address}`, pid: berth.pid },
  ];
}
const plain = await startBoth();
const secure = await startBoth(certificate);

/** A file of noise and its digest. */
async function makeFile(name: string, size: number): Promise<{ file: string; digest: string }> {
  const file = join(directory, name);
  const hash = new Bun.CryptoHasher("sha256");
  const stream = createWriteStream(file);
  for (let at = 0; at < size; at += 10_000_000) {
    const piece = randomBytes(Math.min(10_000_000, size - at));
    hash.update(piece);
    await new Promise<void>((resolve, reject) => {
      stream.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
  await new Promise<void>((resolve) => stream.end(resolve));
  return { file, digest: `sha256:${hash.digest("hex")}` };
}

async function curl(...words: string[]): Promise<void> {
  const child = Bun.spawn(["curl", "-ksS", "--fail", "-o", "/dev/null", ...words], {
    stderr: "pipe",
  });
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
}

async function startUpload({ base }: Contender, name: string): Promise<string> {
  const response = await fetch(`${base}/v2/${name}/blobs/uploads/`, {
    method: "POST",
    ...UNVERIFIED,
  });
  return new URL(response.headers.get("location") ?? "", base).href;
}

const withDigest = (location: string, digest: string) =>
  `${location}${location.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;

/** As Docker's clients do: the whole blob in one PATCH, then PUT. Milliseconds. */
async function push(contender: Contender, blob: { file: string; digest: string }, name: string) {
  const started = performance.now();
  const location = await startUpload(contender, name);
  const headers = join(directory, `headers-${contender.pid}`);
  const type = ["-H", "Content-Type: application/octet-stream", "-H", "Expect:"];
  await curl("-X", "PATCH", ...type, "-T", blob.file, "-D", headers, location);
  const next = /^location: *(\S+)/im.exec(await readFile(headers, "utf8"))?.[1] ?? "";
  const target = withDigest(new URL(next, contender.base).href, blob.digest);
  await curl("-X", "PUT", "-H", "Content-Length: 0", target);
  return performance.now() - started;
}

async function pull({ base }: Contender, digest: string, name: string): Promise<number> {
  const started = performance.now();
  await curl(`${base}/v2/${name}/blobs/${digest}`);
  return performance.now() - started;
}

/** Largest resident size since it was reset, in MB. */
async function peakMemory(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024;
}

async function resetPeak(pid: number): Promise<void> {
  await Bun.write(`/proc/${pid}/clear_refs`, "5");
}

/**
 * Transfers at once by one process, so that the clients cost both the same. With HTTP/1.1 each has a connection of
 * its own, as clients on different machines do.
 */
async function curlTogether(transfers: readonly (readonly string[])[]): Promise<void> {
  const config = join(directory, "transfers");
  await writeFile(config, transfers.map((lines) => lines.join("\n")).join("\nnext\n"));
  const parallel = ["--parallel", "--parallel-immediate", "--parallel-max", String(CLIENTS)];
  const child = Bun.spawn(
    ["curl", "--fail-early", "--no-progress-meter", ...parallel, "-K", config],
    {
      stdout: "ignore",
      stderr: "pipe",
    },
  );
  if ((await child.exited) !== 0) throw new Error(await new Response(child.stderr).text());
}

/** Milliseconds. */
async function pullTogether({ base }: Contender, digest: string, name: string): Promise<number> {
  const url = `url = "${base}/v2/${name}/blobs/${digest}"`;
  const started = performance.now();
  await curlTogether(
    Array.from({ length: CLIENTS }, () => [
      url,
      "http1.1",
      "insecure",
      "fail",
      'output = "/dev/null"',
    ]),
  );
  return performance.now() - started;
}

/** Begins all uploads, then sends all bodies at once, then ends all. Milliseconds. */
async function pushTogether(to: Contender, blob: { file: string; digest: string }, name: string) {
  const started = performance.now();
  const clients = Array.from({ length: CLIENTS }, (_, index) => index);
  const places = await Promise.all(clients.map((index) => startUpload(to, `${name}/${index}`)));
  const headers = (index: number): string => join(directory, `pushed-${index}`);
  const patch = [
    "http1.1",
    "insecure",
    "fail",
    'request = "PATCH"',
    `upload-file = "${blob.file}"`,
    'header = "Expect:"',
  ];
  await curlTogether(
    places.map((place, index) => [
      `url = "${place}"`,
      ...patch,
      'output = "/dev/null"',
      `dump-header = "${headers(index)}"`,
    ]),
  );
  await Promise.all(
    clients.map(async (index) => {
      const next = /^location: *(\S+)/im.exec(await readFile(headers(index), "utf8"))?.[1] ?? "";
      const target = withDigest(new URL(next, to.base).href, blob.digest);
      const { status } = await fetch(target, { method: "PUT", ...UNVERIFIED });
      if (status !== 201) throw new Error(`push: ${status}`);
    }),
  );
  return performance.now() - started;
}

async function measure(
  contenders: readonly Contender[],
  work: (contender: Contender, round: number) => Promise<number>,
): Promise<{ times: number[]; peaks: number[] }> {
  const times = contenders.map(() => [] as number[]);
  const peaks = contenders.map(() => 0);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, contender] of contenders.entries()) {
      await resetPeak(contender.pid);
      const elapsed = await work(contender, round);
      if (round >= 0) times[index]?.push(elapsed);
      peaks[index] = Math.max(peaks[index] ?? 0, await peakMemory(contender.pid));
    }
  }
  return { times: times.map(median), peaks };
}

/** A row for the servers without TLS and one for those with it. */
async function rows(name: string, bytes: number, work: Parameters<typeof measure>[1]) {
  row(name, bytes, await measure(plain, work));
  row(`${name}, TLS`, bytes, await measure(secure, work));
}

function row(name: string, bytes: number, { times, peaks }: Awaited<ReturnType<typeof measure>>) {
  const [theirs = 0, ours = 0] = times.map((time) => bytes / 1000 / time);
  const [theirPeak = 0, ourPeak = 0] = peaks;
  const ratio = (theirs / ours).toFixed(2);
  console.log(
    `| ${name} | ${theirs.toFixed(0)} MB/s | ${ours.toFixed(0)} MB/s | ${ratio} | ${theirPeak.toFixed(0)} | ${ourPeak.toFixed(0)} |`,
  );
}

try {
  const big = await makeFile("big", SIZE);
  const small = await makeFile("small", SMALL);
  const pushed = await makeFile("pushed", PUSHED);
  const idle = await Promise.all(plain.map(({ pid }) => peakMemory(pid)));
  console.log(`${SIZE / 1e6} MB of noise, ${ROUNDS} rounds, medians; peak memory in MB`);
  console.log(
    `idle: docker-registry ${idle[0]?.toFixed(0)} MB, berth registry ${idle[1]?.toFixed(0)} MB\n`,
  );
  console.log("| | docker-registry | berth registry | time, ratio | peak | peak |");
  console.log("|---|---|---|---|---|---|");
  // A repository of its own for each push: both store the whole blob each time, as they do for new ones.
  await rows("push of a blob", SIZE, (to, round) => push(to, big, `bench/${round + 1}`));
  await rows("pull of a blob", SIZE, (from) => pull(from, big.digest, "bench/0"));
  for (const contender of [...plain, ...secure]) await push(contender, small, "bench/small");
  await rows(`${CLIENTS} pulls of ${SMALL / 1e6} MB at once`, SMALL * CLIENTS, (from) =>
    pullTogether(from, small.digest, "bench/small"),
  );
  await rows(`${CLIENTS} pushes of ${PUSHED / 1e6} MB at once`, PUSHED * CLIENTS, (to, round) =>
    pushTogether(to, pushed, `many/${round + 1}`),
  );
} finally {
  for (const server of servers) await server.stop();
  await rm(directory, { recursive: true, force: true });
}
