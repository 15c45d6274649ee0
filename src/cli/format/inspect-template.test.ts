import { expect, test } from "bun:test";
import { inspectTemplate } from "./inspect-template.ts";

const CONTAINER = {
  Id: "abc",
  State: { Status: "exited", Running: false, ExitCode: 3 },
  Config: { Env: ["A=1"], Labels: { a: "b" }, Volumes: null, Entrypoint: null },
  HostConfig: {
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    MemorySwappiness: null,
    Devices: null,
    PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
  },
  NetworkSettings: { Networks: { bridge: { IPAddress: "172.17.0.2" } } },
};
const run = (format: string): string => inspectTemplate(format)(CONTAINER);

test.each([
  ["{{.State.ExitCode}} {{.Id}} {{.ID}}", "3 abc abc"],
  ["{{.State}}", "{exited false 3}"],
  ["{{.HostConfig.RestartPolicy}}", "{no 0}"],
  ["{{.Config.Labels}} {{.Config.Labels.nope}}", "map[a:b] <no value>"],
  ["{{.Config.Volumes}} {{.Config.Entrypoint}} {{.HostConfig.Devices}}", "map[] [] []"],
  ["{{.HostConfig.MemorySwappiness}} {{.State.Health}}", "<nil> <nil>"],
  [
    "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.IPAddress}}{{end}}",
    "bridge=172.17.0.2",
  ],
  ['{{(index (index .HostConfig.PortBindings "80/tcp") 0).HostPort}}', "8080"],
  ["{{json .State}}", '{"Status":"exited","Running":false,"ExitCode":3}'],
])("inspect -f %s", (format, expected) => {
  expect(run(format)).toBe(expected);
});

test.each([
  ["{{.Foo}}", `template: :1:2: executing "" at <.Foo>: map has no entry for key "Foo"`],
  [
    "{{.State.Foo}}",
    `template: :1:8: executing "" at <.State.Foo>: map has no entry for key "Foo"`,
  ],
  [
    "{{.State.Health.Status}}",
    `template: :1:8: executing "" at <.State.Health.Status>: map has no entry for key "Health"`,
  ],
])("inspect -f %s fails as Docker's", (format, message) => {
  expect(() => run(format)).toThrow(message);
});
