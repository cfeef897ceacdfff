/** What the rules of the server's namespaces make of a connection in trouble. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { createRenown, type Renown } from "../src/index.ts";
import { Pulse } from "../src/pulse.ts";
import { look, type Shown } from "../src/shown.ts";
import { TestServer, until } from "./server.ts";

let server: TestServer;
let renown: Renown | undefined;

beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  renown?.close();
  server.stop();
  mock.timers.reset();
});

const rule = (shown: Partial<Shown>) => ({ slow: "dim", offline: "as_of", reconnecting: "keep", tabs: "each", ...shown }) as Shown;
const plain = { hidden: false, dimmed: false, asOf: null };
const dim = { hidden: false, dimmed: true, asOf: null };
const old = { hidden: false, dimmed: true, asOf: 7 };
const hidden = { hidden: true, dimmed: false, asOf: null };

test("each word of each rule has a look of its own, and that of other states is plain", () => {
  const slow = { kind: "slow", transport: "websocket", asOf: 7 } as const;
  assert.deepEqual(look(rule({ slow: "keep" }), slow, 0), plain);
  assert.deepEqual(look(rule({ slow: "dim" }), slow, 0), dim);
  for (const kind of ["reconnecting", "offline"] as const) {
    assert.deepEqual(look(rule({ [kind]: "keep" }), { kind, asOf: 7 }, 1000), plain);
    assert.deepEqual(look(rule({ [kind]: "as_of" }), { kind, asOf: 7 }, 1000), old);
    assert.deepEqual(look(rule({ [kind]: "hide" }), { kind, asOf: 7 }, 1000), hidden);
  }
  assert.deepEqual(look(rule({ offline: "hide" }), { kind: "refused", asOf: 7, code: 3500, reason: "" }, 0), hidden);
  const all = rule({ reconnecting: "hide", offline: "hide" });
  assert.deepEqual(look(all, { kind: "live", transport: "sse" }, 0), plain);
  assert.deepEqual(look(all, { kind: "connecting" }, 0), plain);
});

test("a connection that is lost for less than a second looks as if nothing were", () => {
  assert.deepEqual(look(rule({ reconnecting: "hide" }), { kind: "reconnecting", asOf: 7 }, 999), plain);
});

test("the server is late when its ping has not come 2 s after it was due, until it says anything", () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const told: boolean[] = [];
  const pulse = new Pulse(() => told.push(pulse.late));
  pulse.beat('{"id":1,"connect":{"ping":25,"pong":true}}');
  mock.timers.tick(20_000);
  pulse.beat("{}");
  mock.timers.tick(26_900);
  assert.deepEqual(told, []);
  mock.timers.tick(200);
  assert.deepEqual(told, [true]);
  pulse.beat(new TextEncoder().encode("{}\n"));
  assert.deepEqual(told, [true, false]);
  pulse.stop();
  mock.timers.tick(60_000);
  assert.deepEqual(told, [true, false]);
});

for (const treatment of ["pass", "refuse"] as const)
  test(`a standing is slow, then hidden while lost, as its rule says; WebSockets: ${treatment}`, async () => {
    server.treatment = treatment;
    server.ping = 1;
    server.rules = [{ namespace: "standing", rule: { shown: rule({ reconnecting: "hide" }) } }];
    renown = createRenown({ url: server.url });
    const seen: unknown[] = [];
    const standing = renown.standing("seller:42");
    standing.subscribe((value) => seen.push(value?.version));
    const room = renown.room("chat:1");
    const kinds: string[] = [];
    renown.onState(({ kind }) => kinds.push(kind));
    await until(() => seen.at(-1) === 1);
    // No pings come: the announced one is late after 3 s, and the SDK gives up after 6.
    await until(() => renown!.state.kind === "slow");
    assert.deepEqual(standing.look, dim);
    assert.deepEqual(room.look, dim);
    server.push("standing:seller:42", { version: 2 }, 2);
    await until(() => seen.at(-1) === 2);
    assert.equal(renown.state.kind, "live");
    assert.deepEqual(standing.look, plain);
    server.stop();
    await until(() => seen.at(-1) === undefined && seen.length > 3);
    assert.deepEqual(seen, [undefined, 1, 2, undefined]);
    assert.equal(renown.state.kind, "reconnecting");
    assert.deepEqual(standing.look, hidden);
    assert.equal(standing.value, undefined);
    assert.deepEqual(room.look, plain, "another namespace has the defaults");
  });

test("a map that is to be hidden is empty, and whole again when the connection is back", async () => {
  server.rules = [{ namespace: "standings", rule: { shown: rule({ reconnecting: "hide" }) } }];
  renown = createRenown({ url: server.url });
  const sizes: number[] = [];
  renown.standings("seller").subscribe((known) => sizes.push(known.size));
  await until(() => sizes.at(-1) === 3);
  server.treatment = "mute";
  server.cut();
  await until(() => sizes.at(-1) === 0);
  server.treatment = "pass";
  await until(() => sizes.at(-1) === 3);
});

test("rules are remembered for the pages that come, and asked for with the token", async () => {
  const kept = new Map<string, string>();
  Object.assign(globalThis, {
    localStorage: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => kept.set(key, text) },
  });
  try {
    server.rules = [{ namespace: "standing", rule: { shown: rule({ offline: "hide" }) } }];
    const { url } = server;
    renown = createRenown({ url, token: async () => "a.b.c" });
    await until(() => kept.size === 1);
    assert.equal(server.bearers.at(-1), "Bearer a.b.c");
    renown.close();
    server.stop();
    renown = createRenown({ url, patience: 10 });
    await until(() => renown!.state.kind === "offline");
    assert.equal(renown.standing("seller:42").look.hidden, true);
  } finally {
    Reflect.deleteProperty(globalThis, "localStorage");
  }
});
