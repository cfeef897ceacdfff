/** Who the client says it is, and what it does when it is not wanted. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRenown, type Renown, type Token } from "../src/index.ts";
import { TestServer, until } from "./server.ts";

let server: TestServer;
let renown: Renown;

beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  renown.close();
  server.stop();
});

const connect = (token?: Token) => (renown = createRenown({ url: server.url, token }));

test("a token may be a string or a function, and is in no address", async () => {
  connect("fixed");
  await until(() => renown.state.kind === "live");
  renown.close();
  connect(() => "made");
  await until(() => renown.state.kind === "live");
  assert.deepEqual(server.tokens, ["fixed", "made"]);
});

test("an expired token is replaced", async () => {
  let made = 0;
  server.refusal = { code: 109, message: "token expired" };
  connect(async () => `t${++made}`);
  await until(() => server.tokens.length === 1);
  server.refusal = undefined;
  await until(() => renown.state.kind === "live");
  assert.deepEqual(server.tokens, ["t1", "t2"]);
});

test("a refusal is final until the page asks again, and says why", async () => {
  server.refusal = { code: 101, message: "unauthorized" };
  connect("bad");
  await until(() => renown.state.kind === "refused");
  assert.deepEqual(renown.state, { kind: "refused", asOf: null, code: 101, reason: "unauthorized" });
  server.refusal = undefined;
  const seen: unknown[] = [];
  renown.standing("seller:42").subscribe((value) => seen.push(value?.version));
  renown.reconnect();
  await until(() => seen.at(-1) === 1);
  assert.equal(renown.state.kind, "live");
  assert.equal(server.tokens.length, 2);
});
