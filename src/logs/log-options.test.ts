import { expect, test } from "bun:test";
import { cacheLimits, jsonFileLimits, localLimits, validateLogOptions } from "./log-options.ts";
import { renderTag } from "./log-tag.ts";

const refused: [string, Record<string, string>, string][] = [
  ["json-file", { x: "1" }, "unknown log opt 'x' for json-file log driver"],
  ["local", { "max-sizes": "1" }, "unknown log opt 'max-sizes' for log driver local"],
  ["syslog", { "max-size": "1m" }, "unknown log opt 'max-size' for syslog log driver"],
  [
    "journald",
    { "syslog-address": "" },
    "unknown log opt 'syslog-address' for journald log driver",
  ],
  ["nope", {}, "logger: no log driver named 'nope' is registered"],
  ["json-file", { "max-size": "x" }, "invalid size: 'x'"],
  ["json-file", { "max-size": "0" }, "max-size must be a positive number"],
  ["json-file", { "max-file": "0" }, "max-file cannot be less than 1"],
  ["json-file", { "max-file": "a" }, 'strconv.Atoi: parsing "a": invalid syntax'],
  [
    "json-file",
    { compress: "true" },
    "compress cannot be true when max-file is less than 2 or max-size is not set",
  ],
  ["local", { "max-size": "x" }, "invalid value for max-size: x: invalid size: 'x'"],
  ["local", { "max-file": "-1" }, "max-file must not be negative"],
  ["local", { mode: "x" }, "logger: logging mode not supported: x"],
  [
    "local",
    { "max-buffer-size": "1m" },
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  ["syslog", { "syslog-facility": "x" }, "invalid syslog facility"],
  ["syslog", { "syslog-format": "x" }, "Invalid syslog format"],
  ["syslog", { "syslog-address": "http://a" }, "unsupported scheme: 'http'"],
  ["syslog", { "cache-disabled": "maybe" }, "invalid value for option cache-disabled: maybe"],
];
for (const [driver, options, message] of refused) {
  test(`validateLogOptions() refuses ${driver} ${JSON.stringify(options)}`, () => {
    expect(() => validateLogOptions(driver, options)).toThrow(message);
  });
}

test("validateLogOptions() takes what Docker takes", () => {
  validateLogOptions("none", { whatever: "x" });
  validateLogOptions("local", { "max-size": "10m", "max-file": "3", compress: "true", env: "A" });
  validateLogOptions("json-file", { mode: "non-blocking", "max-buffer-size": "4m", tag: "x" });
  const syslog = { "syslog-address": "udp://[::1]:99", "syslog-facility": "local3" };
  validateLogOptions("syslog", {
    ...syslog,
    "syslog-format": "rfc5424micro",
    "cache-max-file": "2",
  });
});

test("limits: sizes in powers of 1000, bounded by default", () => {
  expect(localLimits({})).toEqual({ maxSize: 20 * 1024 * 1024, maxFiles: 5, compress: false });
  expect(localLimits({ "max-size": "2k" }).maxSize).toBe(2000);
  expect(jsonFileLimits({})).toEqual({ maxSize: 100_000_000, maxFiles: 5, compress: false });
  expect(jsonFileLimits({ "max-size": "1.5m" })).toEqual({
    maxSize: 1_500_000,
    maxFiles: 1,
    compress: false,
  });
  expect(cacheLimits({ "cache-max-file": "2" })?.maxFiles).toBe(2);
  expect(cacheLimits({ "cache-disabled": "1" })).toBeUndefined();
});

test("renderTag() fills in what it knows", () => {
  const identity = {
    containerId: "0123456789abcdef",
    containerName: "/web",
    imageId: "sha256:fedcba9876543210",
    imageName: "busybox",
    created: "",
    entrypoint: "sh",
    args: ["-c", "x"],
    env: [],
    labels: {},
  };
  const template = "{{.ImageName}}/{{ .Name }}/{{.ID}}/{{.ImageID}}/{{.Command}} {{.Nope}}";
  expect(renderTag(template, identity)).toBe(
    "busybox/web/0123456789ab/fedcba987654/sh -c x {{.Nope}}",
  );
});
