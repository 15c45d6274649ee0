import { expect, test } from "bun:test";
import { parseResolvConf } from "./resolver-file.ts";

test("parseResolvConf() takes the last search list and every server and option", () => {
  const text =
    "# c\nnameserver 10.0.0.1 # x\ndomain a\nsearch b c\noptions ndots:2\noptions edns0\nnameserver ::1\n";
  expect(parseResolvConf(text)).toEqual({
    servers: ["10.0.0.1", "::1"],
    search: ["b", "c"],
    options: ["ndots:2", "edns0"],
  });
});
