/**
 * Published ports: `npm run bench:ports`. A neighbour of the host, in a network namespace of its own, loads a
 * published port of one container per engine, turn by turn: throughput with iperf3, requests with wrk (Debian's
 * packages). Prints a Markdown table; the ratio is Berth's median over dockerd's.
 */
import type { Contender } from "./contender.ts";
import { startBerth, startDockerd } from "./contender.ts";
import { median } from "./measure.ts";

const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 7);
const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 3);
const NEIGHBOUR = `bench-${process.pid}`;
// From 198.18.0.0/15 (RFC 2544).
const HOST = "198.18.77.1";
const CLIENT = "198.18.77.2";

function must(...command: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}${stdout}`);
  return stdout.toString();
}

const asNeighbour = (...command: string[]): string =>
  must("ip", "netns", "exec", NEIGHBOUR, ...command);

interface Ports {
  iperf: number;
  http: number;
}

/** A container with the host's own programs, so that both engines run the same ones. */
function serve(
  contender: Contender,
  name: string,
  port: number,
  inside: number,
  ...program: string[]
) {
  const publish = [
    "-p",
    `${port}:${inside}`,
    "-v",
    "/:/host:ro",
    "--tmpfs",
    "/host/tmp",
    "--name",
    name,
  ];
  must(...contender.command, "run", "-d", ...publish, "busybox", "chroot", "/host", ...program);
}

function serveBoth(contender: Contender, ports: Ports): void {
  serve(contender, "iperf", ports.iperf, 5201, "iperf3", "-s");
  const server = 'Bun.serve({ port: 80, fetch: () => new Response("x".repeat(1000)) })';
  serve(contender, "http", ports.http, 80, process.execPath, "-e", server);
}

function throughput({ iperf }: Ports, ...flags: string[]): number {
  const text = asNeighbour(
    "iperf3",
    "-J",
    "-t",
    `${SECONDS}`,
    "-c",
    HOST,
    "-p",
    `${iperf}`,
    ...flags,
  );
  const { end, error } = JSON.parse(text) as {
    error?: string;
    end: { sum_received: { bits_per_second: number } };
  };
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  return end.sum_received.bits_per_second / 1e9;
}

function requests({ http }: Ports, ...flags: string[]): number {
  const text = asNeighbour(
    "wrk",
    "-t1",
    "-c16",
    `-d${SECONDS}s`,
    ...flags,
    `http://${HOST}:${http}/`,
  );
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? Number.NaN);
}

const KINDS: Record<string, (ports: Ports) => number> = {
  "to the container, Gbit/s": (ports) => throughput(ports),
  "from the container, Gbit/s": (ports) => throughput(ports, "-R"),
  "requests over 16 connections, per s": (ports) => requests(ports),
  "requests, a connection each, per s": (ports) => requests(ports, "-H", "Connection: close"),
};

must("ip", "netns", "add", NEIGHBOUR);
must("ip", "link", "add", "benchn0", "type", "veth", "peer", "eth0", "netns", NEIGHBOUR);
must("ip", "address", "add", `${HOST}/24`, "dev", "benchn0");
must("ip", "link", "set", "benchn0", "up");
must("ip", "-n", NEIGHBOUR, "address", "add", `${CLIENT}/24`, "dev", "eth0");
must("ip", "-n", NEIGHBOUR, "link", "set", "eth0", "up");
const dockerd = await startDockerd();
const berth = await startBerth();
const contenders = [
  { contender: dockerd, ports: { iperf: 18901, http: 18902 } },
  { contender: berth, ports: { iperf: 18903, http: 18904 } },
];
try {
  for (const { contender, ports } of contenders) serveBoth(contender, ports);
  await Bun.sleep(1000);
  console.log("| | dockerd | berth | ratio |\n|---|---|---|---|");
  for (const [kind, measure] of Object.entries(KINDS)) {
    const samples: number[][] = contenders.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      // The first one of a round is another one each time.
      for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const ports = contenders[index]?.ports;
        if (ports !== undefined) samples[index]?.push(measure(ports));
      }
    }
    const [docker = Number.NaN, own = Number.NaN] = samples.map(median);
    console.log(
      `| ${kind} | ${docker.toFixed(2)} | ${own.toFixed(2)} | ${(own / docker).toFixed(3)} |`,
    );
  }
} finally {
  for (const { contender } of contenders) {
    Bun.spawnSync([...contender.command, "rm", "-f", "iperf", "http"]);
  }
  await berth.stop();
  await dockerd.stop();
  Bun.spawnSync(["ip", "link", "delete", "benchn0"]);
  Bun.spawnSync(["ip", "netns", "delete", NEIGHBOUR]);
}
