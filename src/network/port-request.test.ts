import { describe, expect, test } from "bun:test";
import {
  holdRequest,
  holdsOf,
  parseContainerPort,
  portError,
  portRequests,
  publishedPorts,
} from "./port-request.ts";

const everywhere = ["0.0.0.0", "::"];
const target = { ipv4: "172.17.0.2" };
const bind = (hostPort: string, hostIp = "") => ({
  "80/tcp": [{ HostIp: hostIp, HostPort: hostPort }],
});

describe("portRequests()", () => {
  test.each([
    ["", 0, 0],
    ["0", 0, 0],
    ["8080", 8080, 8080],
    ["8000-8010", 8000, 8010],
  ])("host port %p", (hostPort, first, last) => {
    expect(portRequests(bind(hostPort), false, [])).toEqual([
      { protocol: "tcp", containerPort: 80, hostIp: "", first, last },
    ]);
  });

  test.each(["x", "70000", "9-8", "1-2-3", "-1", "1-"])("host port %p is refused", (hostPort) => {
    expect(() => portRequests(bind(hostPort), false, [])).toThrow("invalid hostPort");
  });

  test.each(["300.1.1.1", "host"])("host address %p is refused", (hostIp) => {
    expect(() => portRequests(bind("1", hostIp), false, [])).toThrow(
      `invalid IP address: ${hostIp}`,
    );
  });

  test("an address in brackets, a list that is empty", () => {
    expect(portRequests(bind("1", "[::1]"), false, [])[0]?.hostIp).toBe("::1");
    expect(portRequests({ "80": null }, false, [])).toHaveLength(1);
  });

  test("-P adds what is exposed and not published already; fixed ports come first", () => {
    const requests = portRequests(bind("8080"), true, ["80/tcp", "53/udp", "22/tcp"]);
    expect(requests.map(({ containerPort, first }) => [containerPort, first])).toEqual([
      [80, 8080],
      [22, 0],
      [53, 0],
    ]);
  });

  test("parseContainerPort()", () => {
    expect(parseContainerPort("53/UDP")).toEqual({ protocol: "udp", port: 53 });
    expect(() => parseContainerPort("0/tcp")).toThrow("invalid port");
    expect(() => parseContainerPort("80/icmp")).toThrow("invalid proto: icmp");
  });
});

test("holdsOf() asks for exactly what was published", () => {
  const requests = portRequests(
    {
      ...bind("8080"),
      "81/tcp": [
        { HostIp: "127.0.0.1", HostPort: "8080" },
        { HostIp: "", HostPort: "" },
      ],
    },
    false,
    [],
  );
  const holds = requests.map((request) => holdRequest(request, everywhere, target));
  const published = publishedPorts(holds, [8080, 8080, 40000]);
  expect(published).toHaveLength(5);
  const again = holdsOf("e", published, target);
  expect(
    again.requests.map(({ hostIps, first, last, target: { port } }) => [
      hostIps,
      first,
      last,
      port,
    ]),
  ).toEqual([
    [everywhere, 8080, 8080, 80],
    [["127.0.0.1"], 8080, 8080, 81],
    [everywhere, 40000, 40000, 81],
  ]);
  expect(
    publishedPorts(
      again.requests,
      again.requests.map(({ first }) => first),
    ),
  ).toEqual(published);
});

describe("portError() words it as Docker does", () => {
  const holds = portRequests(bind("8080"), false, []).map((request) =>
    holdRequest(request, everywhere, target),
  );
  const prefix =
    "failed to set up container networking: driver failed programming external connectivity on endpoint web (e1): ";
  test.each([
    ["0.0.0.0", "allocated", "Bind for 0.0.0.0:8080 failed: port is already allocated"],
    ["::", "allocated", "Bind for :::8080 failed: port is already allocated"],
    ["0.0.0.0", "all-allocated", "all ports are allocated"],
    [
      "0.0.0.0",
      "EADDRINUSE",
      "failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use",
    ],
    [
      "192.0.2.7",
      "EADDRNOTAVAIL",
      "failed to bind host port for 192.0.2.7:8080:172.17.0.2:80/tcp: cannot assign requested address",
    ],
  ])("%s %s", (hostIp, reason, text) => {
    const failure = { request: 0, hostIp, port: 8080, reason };
    expect(portError({ name: "web", id: "e1" }, holds, failure).message).toBe(prefix + text);
  });
});
