import { expect, test } from "bun:test";
import { changedBindings } from "./publish-ports.ts";

const at = (HostPort: string) => ({ HostIp: "", HostPort });

test("changedBindings() adds beside what is there, once", () => {
  const bindings = { "80/tcp": [at("8080")] };
  expect(changedBindings(bindings, { "80/tcp": [at("8081"), at("8080")] }, {})).toEqual({
    "80/tcp": [at("8080"), at("8081")],
  });
});

test("changedBindings() takes away one place or all of them, and refuses what is not there", () => {
  const bindings = { "80/tcp": [at("8080"), at("8081")], "53/udp": [at("53")] };
  expect(changedBindings(bindings, {}, { "80/tcp": [at("8080")] })["80/tcp"]).toEqual([at("8081")]);
  expect(changedBindings(bindings, {}, { "80/tcp": null })).toEqual({ "53/udp": [at("53")] });
  expect(() => changedBindings(bindings, {}, { "80/tcp": [at("9")] })).toThrow("not published");
  expect(() => changedBindings(bindings, {}, { "81/tcp": null })).toThrow("not published");
});
