/** What is watched, by one or by many. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRenown, type Renown } from "../src/index.ts";
import { TestServer, until } from "./server.ts";

let server: TestServer;
let renown: Renown;

beforeEach(async () => {
  server = await TestServer.start();
  renown = createRenown({ url: server.url });
});
afterEach(() => {
  renown.close();
  server.stop();
});

test("many subscribers are one subscription, and late ones are told at once", async () => {
  const early: unknown[] = [];
  const stop = renown.standing("seller:42").subscribe((value) => early.push(value?.version));
  await until(() => early.at(-1) === 1);
  const late: unknown[] = [];
  const stopLate = renown.standing("seller:42").subscribe((value) => late.push(value?.version));
  assert.deepEqual(late, [1]);
  stop();
  server.push("standing:seller:42", { version: 2 }, 2);
  await until(() => late.at(-1) === 2);
  assert.deepEqual(early, [undefined, 1]);
  stopLate();
  assert.equal(renown.standing("seller:42").value, undefined);
  assert.equal(server.subscribed.length, 1);
});

test("an older publication is not shown after a newer one", async () => {
  const seen: unknown[] = [];
  renown.standing("seller:42").subscribe((value) => seen.push(value?.version));
  await until(() => seen.at(-1) === 1);
  for (const version of [3, 2, 4]) server.push("standing:seller:42", { version }, version);
  await until(() => seen.at(-1) === 4);
  assert.deepEqual(seen, [undefined, 1, 3, 4]);
});

test("a map of standings is a snapshot, then changes and removals", async () => {
  const told: [number, string[]][] = [];
  const standings = renown.standings("seller");
  standings.subscribe((known, changed) => told.push([known.size, [...changed].sort()]));
  await until(() => told.length === 2);
  assert.deepEqual(told, [
    [0, []],
    [3, ["seller:1", "seller:2", "seller:3"]],
  ]);
  server.push("standings:seller", { subject: "seller:9", version: 1 }, 4, { key: "seller:9" });
  server.push("standings:seller", null, 5, { key: "seller:2", removed: true });
  await until(() => told.length === 4);
  assert.deepEqual([...standings.value.keys()], ["seller:1", "seller:3", "seller:9"]);
});

test("a room is heard and spoken to, while somebody listens", async () => {
  const room = renown.room<{ text: string }>("chat:1");
  await assert.rejects(room.publish({ text: "too early" }), /listen/);
  const heard: unknown[] = [];
  await new Promise<void>((settled) => room.listen({ data: (data) => heard.push(data), settled }));
  await room.publish({ text: "hello" });
  server.push("chat:1", { text: "hi" }, 2);
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [{ version: 1 }, { text: "hi" }]);
});

test("the state says since when the numbers may be old", async () => {
  const kinds: string[] = [];
  renown.onState(({ kind }) => kinds.push(kind));
  await until(() => renown.state.kind === "live");
  const before = Date.now();
  server.cut();
  await until(() => renown.state.kind === "reconnecting");
  assert.ok(renown.state.kind === "reconnecting" && renown.state.asOf >= before);
  await until(() => renown.state.kind === "live");
  assert.deepEqual(kinds, ["live", "reconnecting", "live"]);
});
