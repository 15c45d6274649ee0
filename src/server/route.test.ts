import { expect, test } from "bun:test";
import { NO_CONTENT } from "./answer.ts";
import { checkVersion, splitVersion } from "./api-version.ts";
import { type Method, type Route, RouteTable } from "./route.ts";

const route = (method: Method, path: string): Route => ({ method, path, handle: () => NO_CONTENT });

const table = new RouteTable([
  route("GET", "/images/json"),
  route("GET", "/images/{name}/json"),
  route("GET", "/containers/{name}/attach/ws"),
  route("DELETE", "/images/{name}"),
  route("GET", "/volumes/{name}"),
]);

test("RouteTable finds exact paths before patterns, names with slashes, and nothing else", () => {
  const found = (method: string, path: string): unknown => {
    const match = table.find(method, path);
    return match && [match.route.path, match.name];
  };
  expect(found("GET", "/images/json")).toEqual(["/images/json", ""]);
  expect(found("GET", "/images/a/b:1/json")).toEqual(["/images/{name}/json", "a/b:1"]);
  expect(found("GET", "/images/json/json")).toEqual(["/images/{name}/json", "json"]);
  expect(found("DELETE", "/images/json")).toEqual(["/images/{name}", "json"]);
  expect(found("GET", "/containers/x/attach/ws")).toEqual(["/containers/{name}/attach/ws", "x"]);
  for (const path of ["/images", "/imagesx/json", "/", "", "/containers/x/attach", "/volumes"]) {
    expect(found("GET", path)).toBeUndefined();
  }
});

test("splitVersion() takes a version off the front only", () => {
  expect(splitVersion("/v1.51/info")).toEqual({ version: "1.51", path: "/info" });
  expect(splitVersion("/volumes")).toEqual({ version: undefined, path: "/volumes" });
  expect(splitVersion("/v1.51")).toEqual({ version: undefined, path: "/v1.51" });
});

test("checkVersion() compares numbers, not texts", () => {
  expect(checkVersion(undefined)).toBe(51);
  expect(checkVersion("1.24")).toBe(24);
  expect(checkVersion("1.41")).toBe(41);
  for (const version of ["1.9", "1.23", "1", "0.99", "."]) {
    expect(() => checkVersion(version)).toThrow("too old");
  }
  for (const version of ["1.57", "1.100", "2.0", "1.56.1"]) {
    expect(() => checkVersion(version)).toThrow("too new");
  }
});
