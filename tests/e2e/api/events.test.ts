/** Types, actions and attributes of events, as dockerd 28.5 has them; filters, and what has been. */
import { describe, expect, test } from "bun:test";
import { must } from "../../harness/daemon.ts";
import { hostStaysClean, useDaemon } from "../../harness/suite.ts";

const suite = useDaemon();

interface Event {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  status?: string;
  id?: string;
  from?: string;
}

const docker = async (line: string): Promise<void> => {
  must(await suite.daemon.docker(...line.split(" ")));
};

/** What happened between two instants, by `since` and `until`. */
async function history(work: () => Promise<void>, query = "", version = "1.51"): Promise<Event[]> {
  const clock = () => (Date.now() / 1000).toFixed(3);
  const since = clock();
  await work();
  await Bun.sleep(5);
  const path = `/v${version}/events?since=${since}&until=${clock()}${query}`;
  const lines = (await (await suite.daemon.api(path)).text()).trim();
  return lines === "" ? [] : lines.split("\n").map((line) => JSON.parse(line) as Event);
}

/** `container start image name`: type, action and the names of the attributes. */
const told = ({ Type, Action, Actor }: Event): string =>
  [Type, Action.trimEnd(), ...Object.keys(Actor.Attributes).sort()].join(" ");

const COMMON = "image l name";

describe("a container's life", () => {
  test("is told as Docker tells it", async () => {
    const events = await history(async () => {
      await docker("volume create vol");
      await docker("create --name one --network none --label l=1 -v vol:/d busybox sleep 60");
      await docker("start one");
      await docker("exec one true");
      await docker("pause one");
      await docker("unpause one");
      await docker("rename one two");
      await docker("update --cpu-shares 512 two");
      await docker("top two");
      await docker("cp two:/bin/true -");
      await docker(`export -o ${suite.daemon.root}/d.tar two`);
      await docker("commit two made:1");
      await docker("kill -s USR1 two");
      await docker("restart -t 0 two");
      await docker("stop -t 0 two");
      await docker("rm two");
      await docker("rmi made:1");
      await docker("volume rm vol");
    });
    const mount = "volume mount container destination driver propagation read/write";
    const start = ["network connect container name type", mount, `container start ${COMMON}`];
    const end = [
      "network disconnect container name type",
      "volume unmount container driver",
      `container die execDuration exitCode ${COMMON}`,
      `container stop ${COMMON}`,
    ];
    const kill = `container kill ${COMMON} signal`;
    expect(events.map(told)).toEqual([
      "volume create driver",
      `container create ${COMMON}`,
      ...start,
      `container exec_create: true execID ${COMMON}`,
      `container exec_start: true execID ${COMMON}`,
      `container exec_die execID exitCode ${COMMON}`,
      `container pause ${COMMON}`,
      `container unpause ${COMMON}`,
      `container rename ${COMMON} oldName`,
      `container update ${COMMON}`,
      `container top ${COMMON}`,
      `container archive-path ${COMMON}`,
      `container export ${COMMON}`,
      `container pause ${COMMON}`,
      `container unpause ${COMMON}`,
      "image create l name",
      "image tag l name",
      "container commit comment image imageID imageRef l name",
      kill,
      kill,
      kill,
      ...end,
      ...start,
      `container restart ${COMMON}`,
      kill,
      kill,
      ...end,
      `container destroy ${COMMON}`,
      "image untag l name",
      "image delete name",
      "volume destroy driver",
    ]);
  });

  test("prunes say what they have freed", async () => {
    const events = await history(async () => {
      for (const kind of ["container", "volume", "network", "image", "builder"]) {
        await docker(`${kind} prune -f`);
      }
    });
    expect(events.map(told)).toEqual(
      ["container", "volume", "network", "image", "builder"].map(
        (kind) => `${kind} prune reclaimed`,
      ),
    );
    expect(events.map(({ id, from }) => [id, from])).toEqual(
      events.map(() => [undefined, undefined]),
    );
  });
});

describe("what a client asks for", () => {
  const filtered: [filters: object, expected: string[]][] = [
    [{ type: ["volume"] }, ["create", "destroy"]],
    [{ event: ["create"], type: ["container"] }, ["create"]],
    [{ container: ["filt"], event: ["start", "die"] }, ["start", "die"]],
    [{ label: ["l=1"], event: ["destroy"] }, ["destroy"]],
    [{ label: ["l=2"] }, []],
    [{ volume: ["fv"] }, ["create", "destroy"]],
    [{ image: ["busybox"], event: ["exec_create"] }, ["exec_create: true "]],
    [{ scope: ["swarm"] }, []],
    [{ service: ["x"] }, []],
  ];
  test.each(filtered)("filters %j", async (filters, expected) => {
    const query = `&filters=${encodeURIComponent(JSON.stringify(filters))}`;
    const events = await history(async () => {
      await docker("volume create fv");
      await docker("run -d --name filt --network none --label l=1 busybox sleep 60");
      await docker("exec filt true");
      await docker("rm -f filt");
      await docker("volume rm fv");
    }, query);
    expect(events.map(({ Action }) => Action)).toEqual(expected);
  });

  test("the old fields end with 1.51, and lines come as the client wants them", async () => {
    const work = async () => {
      await docker("run --rm --network none busybox true");
    };
    const [old] = await history(work, "", "1.51");
    expect(old).toMatchObject({ status: "create", from: "busybox" });
    const [newer] = await history(work, "", "1.52");
    expect(Object.keys(newer ?? {}).sort()).toEqual(
      ["Action", "Actor", "Type", "scope", "time", "timeNano"].sort(),
    );
    const types = ["application/json-seq", "application/x-ndjson", "application/jsonl"];
    for (const type of types) {
      const response = await suite.daemon.api("/v1.56/events?since=1&until=0s", {
        headers: { Accept: type },
      });
      expect(response.headers.get("content-type")).toBe(type);
      const text = await response.text();
      expect(text.startsWith("\u001e")).toBe(type === "application/json-seq");
    }
  });

  test("100 listeners hear everything", async () => {
    const filters = encodeURIComponent('{"type":["volume"],"event":["create"]}');
    const until = (Date.now() / 1000 + 4).toFixed(3);
    const heard = Array.from({ length: 100 }, async () => {
      const response = await suite.daemon.api(`/events?filters=${filters}&until=${until}`);
      return (await response.text()).trim().split("\n").length;
    });
    await Bun.sleep(300);
    const names = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    for (const Name of names) {
      const body = JSON.stringify({ Name });
      const headers = { "Content-Type": "application/json" };
      await suite.daemon.api("/volumes/create", { method: "POST", headers, body });
    }
    expect(new Set(await Promise.all(heard))).toEqual(new Set([names.length]));
    for (const name of names) {
      await suite.daemon.api(`/volumes/${name}?now=1`, { method: "DELETE" });
    }
  });
});

hostStaysClean(suite);
