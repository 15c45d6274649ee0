/**
 * Many networks and endpoints: `npm run bench:networks`. Creates 500 networks and connects a thousand
 * endpoints to them, and tells what an operation takes when there are 10, 100 and 500 networks. Prints a
 * Markdown table of medians in milliseconds, as seen over the API.
 */
import { startBerth } from "./contender.ts";
import { median } from "./measure.ts";

const NETWORKS = Number(process.env["BENCH_NETWORKS"] ?? 500);
const MARKS = [10, 100, NETWORKS];
const CONTAINERS = 4;
/** Operations that make up one median. */
const SAMPLES = 10;

const berth = await startBerth();
const socket = berth.command[2]?.replace("unix://", "") ?? "";
const columns = new Map<string, string[]>();

async function api(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`http://berth${path}`, {
    method,
    unix: socket,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function note(row: string, values: readonly number[]): void {
  columns.set(row, [...(columns.get(row) ?? []), median(values).toFixed(1)]);
}

const repeated = async (work: () => Promise<unknown>): Promise<number[]> => {
  const values: number[] = [];
  for (let round = 0; round < SAMPLES; round++) values.push(await timed(work));
  return values;
};

async function runContainer(name: string, network: string): Promise<string> {
  const { Id } = (await api("POST", `/containers/create?name=${name}`, {
    Image: "busybox",
    Cmd: ["sleep", "1000"],
    HostConfig: { NetworkMode: network },
  })) as { Id: string };
  await api("POST", `/containers/${Id}/start`);
  return Id;
}

try {
  const ids: string[] = [];
  for (let index = 0; index < CONTAINERS; index++) {
    await api("POST", "/networks/create", { Name: `home${index}` });
    ids.push(await runContainer(`c${index}`, `home${index}`));
  }
  let created: number[] = [];
  let connected: number[] = [];
  for (let count = 1; count <= NETWORKS; count++) {
    const name = `net${count}`;
    created.push(await timed(() => api("POST", "/networks/create", { Name: name })));
    // Each network has two endpoints.
    for (const which of [count, count + 1]) {
      const Container = ids[which % CONTAINERS];
      connected.push(await timed(() => api("POST", `/networks/${name}/connect`, { Container })));
    }
    if (!MARKS.includes(count)) continue;
    note("create a network", created.slice(-SAMPLES));
    note("connect a container", connected.slice(-SAMPLES));
    created = [];
    connected = [];
    note("list all", await repeated(() => api("GET", "/networks")));
    note("inspect one", await repeated(() => api("GET", `/networks/${name}`)));
    note(
      "run and remove a container",
      await repeated(async () => {
        const id = await runContainer("passing", name);
        await api("DELETE", `/containers/${id}?force=1`);
      }),
    );
    note(
      "create and remove a network",
      await repeated(async () => {
        await api("POST", "/networks/create", { Name: "passing" });
        await api("DELETE", "/networks/passing");
      }),
    );
    note("network check", await repeated(() => api("GET", "/berth/networks/check")));
  }
  console.log(`| networks | ${MARKS.join(" | ")} |\n|---|${MARKS.map(() => "---|").join("")}`);
  for (const [row, values] of columns) console.log(`| ${row}, ms | ${values.join(" | ")} |`);
  for (const id of ids) await api("DELETE", `/containers/${id}?force=1`);
  const removal = await timed(() => api("POST", "/networks/prune"));
  console.log(`\nprune of all: ${(removal / 1000).toFixed(1)} s`);
} finally {
  await berth.stop();
}
