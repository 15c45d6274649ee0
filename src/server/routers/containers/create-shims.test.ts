import { describe, expect, test } from "bun:test";
import type { ContainerCreateRequest } from "../../../spec/index.ts";
import { adaptCreateRequest } from "./create-shims.ts";

function adapt(request: ContainerCreateRequest, version: number): ContainerCreateRequest {
  adaptCreateRequest(request, version);
  return request;
}

describe("adaptCreateRequest()", () => {
  test("leaves a request of the newest version as it is", () => {
    const mounts = [{ Type: "bind" as const, Source: "/a", Target: "/b", ReadOnly: true }];
    const { HostConfig } = adapt({ Image: "x", HostConfig: { Mounts: mounts } }, 51);
    expect(HostConfig).toEqual({
      Mounts: [{ Type: "bind", Source: "/a", Target: "/b", ReadOnly: true }],
    });
  });

  test("gives old versions the defaults that they had", () => {
    expect(adapt({}, 39).HostConfig?.IpcMode).toBe("shareable");
    expect(adapt({}, 40).HostConfig?.CgroupnsMode).toBe("host");
    expect(adapt({}, 41).HostConfig?.CgroupnsMode).toBeUndefined();
    const host = { ConsoleSize: [1, 2] as [number, number], Annotations: { a: "b" } };
    expect(adapt({ HostConfig: { ...host } }, 41).HostConfig).toEqual({ ConsoleSize: [0, 0] });
    expect(adapt({ HostConfig: { ...host } }, 43).HostConfig).toEqual(host);
  });

  test("takes a limit of processes that is none away", () => {
    expect(adapt({ HostConfig: { PidsLimit: 0 } }, 51).HostConfig?.PidsLimit).toBeNull();
    expect(adapt({ HostConfig: { PidsLimit: -1 } }, 51).HostConfig?.PidsLimit).toBeNull();
    expect(adapt({ HostConfig: { PidsLimit: 5 } }, 51).HostConfig?.PidsLimit).toBe(5);
  });

  test("moves the container's MAC address to its endpoint", () => {
    const bridge = { MacAddress: "02:00:00:00:00:01" };
    const moved = adapt({ ...bridge }, 43);
    expect(moved.MacAddress).toBeUndefined();
    expect(moved.NetworkingConfig?.EndpointsConfig).toEqual({ bridge });
    const request = {
      ...bridge,
      HostConfig: { NetworkMode: "n" },
      NetworkingConfig: { EndpointsConfig: { n: { Aliases: ["a"] } } },
    };
    const warnings = adaptCreateRequest(request, 44);
    expect(warnings[0]).toContain("MacAddress field is now deprecated");
    expect(request.NetworkingConfig.EndpointsConfig).toEqual({
      n: { Aliases: ["a"], ...bridge },
    } as never);
  });

  test("refuses what a version cannot mean", () => {
    const volume = { Type: "volume" as const, Target: "/b" };
    const cases: [ContainerCreateRequest, number, string][] = [
      [
        { HostConfig: { Mounts: [{ ...volume, BindOptions: {} }] } },
        51,
        'BindOptions must not be specified on mount type "volume"',
      ],
      [
        { HostConfig: { Mounts: [{ ...volume, VolumeOptions: { Subpath: "x" } }] } },
        44,
        "VolumeOptions.Subpath needs API v1.45 or newer",
      ],
      [
        { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } },
        43,
        "Container cannot be created with multiple network endpoints: a, b",
      ],
      [
        { MacAddress: "02:00:00:00:00:01", HostConfig: { NetworkMode: "host" } },
        43,
        "conflicting options: mac-address and the network mode",
      ],
    ];
    for (const [request, version, words] of cases) {
      expect(() => adapt(request, version)).toThrow(words);
    }
  });
});
