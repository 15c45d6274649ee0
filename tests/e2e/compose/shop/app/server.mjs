// Orders: each one is a row in PostgreSQL and counted in Redis. Both are spoken to in their own protocols.
import { createServer } from "node:http";
import { connect } from "node:net";

/** A connection whose answers come in the order of the questions; `take` cuts one answer off, or gives null. */
function conversation(host, port, hello, take) {
  const waiting = [];
  let rest = Buffer.alloc(0);
  const socket = connect(port, host, () => hello && socket.write(hello));
  socket.on("error", fail).on("close", () => fail(new Error(`${host} hung up`)));
  socket.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let answer = take(rest); answer; answer = take(rest)) {
      rest = rest.subarray(answer.length);
      waiting.shift()?.(answer.value);
    }
  });
  function fail(error) {
    console.error(String(error));
    process.exit(1);
  }
  const next = () => new Promise((resolve) => waiting.push(resolve));
  const opened = hello ? next() : undefined;
  return async (question) => {
    await opened;
    const answered = next();
    socket.write(question);
    const value = await answered;
    if (value instanceof Error) throw value;
    return value;
  };
}

const text = (string) => Buffer.from(`${string}\0`);
const sized = (type, body) => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
};

/** Messages up to "ready for query"; the first column of the last row, or what went wrong. */
function postgresAnswer(bytes) {
  let value = null;
  for (let at = 0; at + 5 <= bytes.length; ) {
    const [type, length] = [String.fromCharCode(bytes[at]), bytes.readInt32BE(at + 1)];
    if (at + 1 + length > bytes.length) return null;
    if (type === "D")
      value = bytes.subarray(at + 11, at + 11 + bytes.readInt32BE(at + 7)).toString();
    if (type === "E") value = new Error(bytes.subarray(at + 5, at + length).toString());
    at += 1 + length;
    if (type === "Z") return { length: at, value };
  }
  return null;
}

function redisAnswer(bytes) {
  const end = bytes.indexOf("\r\n");
  return end < 0 ? null : { length: end + 2, value: bytes.subarray(1, end).toString() };
}

const startup = sized(
  "",
  Buffer.concat([Buffer.from([0, 3, 0, 0]), text("user"), text("postgres"), text("")]),
);
const sql = conversation(process.env.DATABASE, 5432, startup, postgresAnswer);
const query = (statement) => sql(sized("Q", text(statement)));
const redis = conversation(process.env.CACHE, 6379, undefined, redisAnswer);

await query("CREATE TABLE IF NOT EXISTS orders (n serial PRIMARY KEY, version text)").catch(
  () => {},
);

const server = createServer(async (request, response) => {
  try {
    if (request.url === "/health") await query("SELECT 1");
    if (request.url === "/order") {
      await query(`INSERT INTO orders (version) VALUES ('${process.env.VERSION}')`);
      await redis("INCR orders\r\n");
    }
    if (request.url === "/count") {
      const rows = await query("SELECT count(*) FROM orders");
      response.end(`${rows} ${await redis("INCRBY orders 0\r\n")}`);
    } else response.end(process.env.VERSION);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(8000);

// Names are remembered for a second by those who ask: until then they come here.
process.on("SIGTERM", () => setTimeout(() => server.close(() => process.exit(0)), 3000));
