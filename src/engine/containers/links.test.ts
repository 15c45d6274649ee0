import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { addContainer, type FakeEngine, fakeEngine } from "../testing/fake-engine.ts";
import { checkLinks, linkVariables, requireLinked } from "./links.ts";

describe("linkVariables()", () => {
  test("names the address, each port, runs of ports and the other's variables", () => {
    expect(
      linkVariables({
        name: "/web/my-db",
        address: "172.17.0.2",
        ports: ["53/udp", "81/tcp", "80/tcp"],
        environment: ["PATH=/bin", "HOME=/", "USER=me", "URL=a=b", "BARE"],
      }),
    ).toEqual([
      "MY_DB_PORT=tcp://172.17.0.2:80",
      "MY_DB_PORT_80_TCP=tcp://172.17.0.2:80",
      "MY_DB_PORT_80_TCP_ADDR=172.17.0.2",
      "MY_DB_PORT_80_TCP_PORT=80",
      "MY_DB_PORT_80_TCP_PROTO=tcp",
      "MY_DB_PORT_81_TCP=tcp://172.17.0.2:81",
      "MY_DB_PORT_81_TCP_ADDR=172.17.0.2",
      "MY_DB_PORT_81_TCP_PORT=81",
      "MY_DB_PORT_81_TCP_PROTO=tcp",
      "MY_DB_PORT_53_UDP=udp://172.17.0.2:53",
      "MY_DB_PORT_53_UDP_ADDR=172.17.0.2",
      "MY_DB_PORT_53_UDP_PORT=53",
      "MY_DB_PORT_53_UDP_PROTO=udp",
      "MY_DB_PORT_80_TCP_START=tcp://172.17.0.2:80",
      "MY_DB_PORT_80_TCP_PORT_START=80",
      "MY_DB_PORT_80_TCP_END=tcp://172.17.0.2:81",
      "MY_DB_PORT_80_TCP_PORT_END=81",
      "MY_DB_NAME=/web/my-db",
      "MY_DB_ENV_USER=me",
      "MY_DB_ENV_URL=a=b",
    ]);
  });

  test("without ports only the name is told", () => {
    const link = { name: "/web/db", address: "172.17.0.2", ports: [], environment: [] };
    expect(linkVariables(link)).toEqual(["DB_NAME=/web/db"]);
  });
});

describe("links of the default bridge", () => {
  let engine: FakeEngine;
  beforeEach(() => {
    engine = fakeEngine();
  });
  afterEach(() => engine.dispose());
  const linked = (mode: string, link: string) =>
    engine.context.containers.get(
      addContainer(engine, { host: { NetworkMode: mode, Links: [link] } }),
    );

  test("checkLinks() refuses an unknown container, in other networks nothing", () => {
    const check = (mode: string, link: string) => () =>
      checkLinks(engine.context, linked(mode, link).record);
    expect(check("bridge", "nobody:db")).toThrow(
      "could not get container for nobody: No such container: nobody",
    );
    expect(check("bridge", "a:b:c")).toThrow("bad format for links: a:b:c");
    expect(check("mine", "nobody:db")).not.toThrow();
  });

  test("requireLinked() refuses a container that does not run", () => {
    const other = engine.context.containers.get(addContainer(engine));
    expect(() => requireLinked(engine.context, linked("bridge", `${other.name}:db`))).toThrow(
      `Cannot link to a non running container: /${other.name} AS /`,
    );
  });
});
