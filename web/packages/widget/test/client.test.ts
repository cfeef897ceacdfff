import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Listener, Token } from "../src/standing.ts";
import { ear, newServer, push, setUp, settle, snapshot, stage, standing, tearDown } from "./stage.ts";

const { reach } = await import("../src/client.ts");

/** Connections outlive a test unless all their watchers go. */
const stops: (() => void)[] = [];
const watch = (server: string, subject: string, listener: Listener) => {
  const stop = reach(server)._watch(subject, listener);
  stops.push(stop);
  return stop;
};
const identify = (server: string, token: Token) => reach(server)._identify(token);

beforeEach(setUp);
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await stage.pass(1100);
  tearDown();
});

/** A watcher that is live at version 5. */
const live = async () => {
  const server = newServer();
  const one = ear();
  const stop = watch(server, "seller:42", one.listener);
  await stage.pass(10);
  stage.last.welcomes(() => snapshot(5));
  return { server, one, stop };
};

const json = (value: object) => Promise.resolve(new Response(JSON.stringify(value)));
const missing = (code: string) =>
  Promise.resolve(new Response(JSON.stringify({ status: 404, code }), { status: 404 }));

describe("subscribing", () => {
  it("sends connect and all subscriptions in one frame over one socket", async () => {
    const server = newServer();
    for (let i = 0; i < 20; i++) watch(server, `seller:${i}`, ear().listener);
    watch(server, "seller:3", ear().listener);
    await stage.pass(10);
    assert.equal(stage.sockets.length, 1);
    assert.equal(stage.last.url, server.replace("https", "wss") + "/connection/websocket");
    stage.last.opens();
    assert.equal(stage.last.frames.length, 1);
    const { commands } = stage.last;
    assert.ok(commands[0]?.connect);
    assert.equal(commands.filter((command) => command.subscribe).length, 20);
    assert.equal(new Set(commands.map((command) => command.id)).size, 21);
  });

  it("shows the snapshot that comes with the subscription, then live changes", async () => {
    const { one } = await live();
    assert.deepEqual(one.now, { state: "live", version: 5 });
    stage.last.says(push(6), push(7));
    assert.deepEqual(one.now, { state: "live", version: 7 });
  });

  it("never shows an older version after a newer one", async () => {
    const { one } = await live();
    stage.last.says(push(7), push(6), push(7));
    assert.deepEqual(one.heard.map(({ version }) => version).slice(-3), [7, 7, 7]);
  });

  it("knows a subject without a standing", async () => {
    const one = ear();
    watch(newServer(), "seller:42", one.listener);
    await stage.pass(10);
    stage.last.welcomes(() => ({ epoch: "e1" }));
    assert.deepEqual(one.now, { state: "live", version: null });
  });

  it("adds later watchers to the open connection and tells them at once what is known", async () => {
    const { server } = await live();
    const same = ear();
    watch(server, "seller:42", same.listener);
    assert.deepEqual(same.now, { state: "live", version: 5 });
    const other = ear();
    watch(server, "seller:7", other.listener);
    const command = stage.last.commands.at(-1)!;
    assert.equal(command.subscribe?.channel, "standing:seller:7");
    stage.last.says({ id: command.id, subscribe: snapshot(2) });
    assert.deepEqual(other.now, { state: "live", version: 2 });
    assert.equal(stage.sockets.length, 1);
  });

  it("subscribes what was added between opening and the answer to connect", async () => {
    const server = newServer();
    watch(server, "seller:1", ear().listener);
    await stage.pass(10);
    stage.last.opens();
    watch(server, "seller:2", ear().listener);
    assert.equal(stage.last.commands.at(-1)?.subscribe?.channel, "standing:seller:2");
  });

  it("unsubscribes after the last watcher has gone, and closes after the last channel", async () => {
    const { server, stop } = await live();
    const stopOther = watch(server, "seller:7", ear().listener);
    stopOther();
    await stage.pass(1100);
    assert.equal(stage.last.commands.at(-1)?.unsubscribe?.channel, "standing:seller:7");
    assert.equal(stage.last.closed, false);
    stop();
    await stage.pass(1100);
    assert.equal(stage.last.closed, true);
    await stage.pass(60_000);
    assert.equal(stage.sockets.length, 1);
  });

  it("keeps the subscription of an element that is taken out and put back", async () => {
    const { server, stop } = await live();
    stop();
    watch(server, "seller:42", ear().listener);
    await stage.pass(5000);
    assert.equal(stage.last.commands.length, 2);
    assert.equal(stage.last.closed, false);
  });

  it("connects anew for a watcher that comes after the connection was closed", async () => {
    const { server, stop } = await live();
    stop();
    await stage.pass(1100);
    watch(server, "seller:42", ear().listener);
    await stage.pass(10);
    assert.equal(stage.sockets.length, 2);
  });
});

describe("heartbeat", () => {
  it("answers the server's ping when the server wants it", async () => {
    await live();
    stage.last.says({});
    assert.deepEqual(stage.last.commands.at(-1), {});
  });

  it("stays silent when it does not", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    stage.last.welcomes(() => snapshot(5), { pong: false });
    const before = stage.last.frames.length;
    stage.last.says({});
    assert.equal(stage.last.frames.length, before);
  });

  it("takes ping + 10 s without data for a dead connection, and any data for life", async () => {
    const { one } = await live();
    await stage.pass(34_000);
    stage.last.says({});
    await stage.pass(34_000);
    assert.equal(stage.last.closed, false);
    await stage.pass(2000);
    assert.equal(stage.sockets[0]?.closed, true);
    assert.equal(one.now?.state, "stale");
  });

  it("has no deadline when the server sends no pings", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    stage.last.welcomes(() => snapshot(5), { ping: 0 });
    await stage.pass(600_000);
    assert.equal(stage.last.closed, false);
  });
});

describe("reconnecting", () => {
  it("comes back after 0 to 0.5 s and asks to recover from its position", async () => {
    const { one } = await live();
    await stage.pass(6000);
    stage.last.ends(1006);
    assert.deepEqual(one.now, { state: "stale", version: 5 });
    await stage.pass(300);
    assert.equal(stage.sockets.length, 2);
    stage.last.opens();
    assert.deepEqual(stage.last.commands[1]?.subscribe, {
      channel: "standing:seller:42",
      recover: true,
      epoch: "e1",
      offset: 5,
    });
    stage.last.says({ id: 1, connect: { ping: 25 } }, { id: 2, subscribe: { epoch: "e1", offset: 5, recovered: true } });
    assert.deepEqual(one.now, { state: "live", version: 5 });
  });

  it("doubles the window for each failure, up to 20 s", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    for (const expected of [500, 1000, 2000, 4000, 8000, 10_000, 10_000]) {
      const count = stage.sockets.length;
      stage.last.ends(1006);
      await stage.pass(expected - 50);
      assert.equal(stage.sockets.length, count, `too early, wanted ${expected}`);
      await stage.pass(100);
      assert.equal(stage.sockets.length, count + 1, `too late, wanted ${expected}`);
    }
  });

  it("counts a connection that is cut right after its greeting as a failure", async () => {
    const { one } = await live();
    stage.last.ends(1006);
    await stage.pass(600);
    stage.last.welcomes(() => snapshot(5));
    stage.last.ends(1006);
    await stage.pass(600);
    assert.equal(stage.sockets.length, 2);
    assert.equal(one.now?.state, "offline");
    await stage.pass(500);
    assert.equal(stage.sockets.length, 3);
  });

  it("forgets its version when the ledger is another one", async () => {
    const { one } = await live();
    stage.last.ends(1006);
    await stage.pass(600);
    stage.last.welcomes(() => snapshot(2, "e2"));
    assert.deepEqual(one.now, { state: "live", version: 2 });
  });

  it("gives up a socket that opens but stays mute for 5 s", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    stage.last.opens();
    await stage.pass(4900);
    assert.equal(stage.last.closed, false);
    await stage.pass(200);
    assert.equal(stage.sockets[0]?.closed, true);
  });

  it("does not trust a server that speaks gibberish", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    stage.last.opens();
    stage.last.onmessage!({ data: "<html>" });
    assert.equal(stage.last.closed, true);
    await stage.pass(600);
    assert.equal(stage.sockets.length, 2);
  });

  for (const code of [1001, 1006, 3001, 3008, 3012, 4499, 5000])
    it(`comes back after ${code}`, async () => {
      await live();
      stage.last.ends(code);
      await stage.pass(20_000);
      assert.ok(stage.sockets.length > 1);
    });

  for (const code of [3500, 3501, 3999, 4500, 4999])
    it(`does not come back after ${code}, and asks over HTTP instead`, async () => {
      const { one } = await live();
      stage.answer = () => json(standing(9));
      stage.last.ends(code);
      await stage.pass(120_000);
      stage.happens("online");
      stage.happens("pageshow");
      await stage.pass(1000);
      assert.equal(stage.sockets.length, 1);
      assert.deepEqual(one.now, { state: "live", version: 9 });
    });

  it("tries at once when the network, the page or the tab comes back", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    for (const type of ["online", "pageshow", "visibilitychange"]) {
      stage.last.ends(1006);
      const count = stage.sockets.length;
      stage.happens(type);
      await settle();
      assert.equal(stage.sockets.length, count + 1, type);
    }
  });

  it("replaces a connection that slept through its deadline, when the tab is seen again", async () => {
    await live();
    // The machine slept: the clock has moved on, no timer has run.
    const { now } = Date;
    Date.now = () => now() + 3_600_000;
    stage.happens("visibilitychange");
    Date.now = now;
    await settle();
    assert.equal(stage.sockets[0]?.closed, true);
    assert.equal(stage.sockets.length, 2);
  });

  it("keeps a healthy connection when the tab is seen again", async () => {
    await live();
    stage.happens("visibilitychange");
    await settle();
    assert.equal(stage.sockets.length, 1);
  });

  it("closes when the page goes, and connects when it is shown again", async () => {
    await live();
    stage.happens("pagehide");
    assert.equal(stage.last.closed, true);
    await stage.pass(60_000);
    assert.equal(stage.sockets.length, 1);
    stage.happens("pageshow");
    await settle();
    assert.equal(stage.sockets.length, 2);
  });
});

describe("refusals", () => {
  it("subscribes again after an unsubscribe that asks for it", async () => {
    const { one } = await live();
    stage.last.says({ push: { channel: "standing:seller:42", unsubscribe: { code: 2500, reason: "x" } } });
    await stage.pass(1100);
    const command = stage.last.commands.at(-1)!;
    assert.equal(command.subscribe?.recover, true);
    stage.last.says({ id: command.id, subscribe: snapshot(8) });
    assert.deepEqual(one.now, { state: "live", version: 8 });
  });

  it("asks over HTTP for a channel it may not subscribe to, and leaves the others alone", async () => {
    const server = newServer();
    const refused = ear();
    const fine = ear();
    watch(server, "seller:1", refused.listener);
    watch(server, "seller:2", fine.listener);
    await stage.pass(10);
    stage.answer = () => json(standing(4, 4, "seller:1"));
    stage.last.opens();
    stage.last.says(
      { id: 1, connect: { ping: 25 } },
      { id: 2, error: { code: 106, message: "limit exceeded" } },
      { id: 3, subscribe: snapshot(3) },
    );
    await stage.pass(1000);
    assert.deepEqual(refused.now, { state: "live", version: 4 });
    assert.deepEqual(fine.now, { state: "live", version: 3 });
    assert.ok(stage.asked.every(({ url }) => url.endsWith("/v1/standings/seller%3A1")));
  });

  it("says offline, not that there is no standing, where there is no such kind", async () => {
    const one = ear();
    watch(newServer(), "sellers:1", one.listener);
    await stage.pass(10);
    stage.answer = () => missing("unknown_kind");
    stage.last.opens();
    stage.last.says({ id: 1, connect: { ping: 25 } }, { id: 2, error: { code: 102, message: "unknown channel" } });
    assert.deepEqual(one.now, { state: "offline", version: undefined });
    await stage.pass(1000);
    assert.ok(stage.asked.length);
    assert.deepEqual(one.now, { state: "offline", version: undefined });
  });

  it("comes back after a temporary error", async () => {
    watch(newServer(), "seller:1", ear().listener);
    await stage.pass(10);
    stage.last.opens();
    stage.last.says({ id: 1, error: { code: 111, message: "too many", temporary: true } });
    await stage.pass(600);
    assert.equal(stage.sockets.length, 2);
  });

  it("does not repeat an expired fixed token", async () => {
    const server = newServer();
    watch(server, "seller:1", ear().listener);
    identify(server, "old");
    await stage.pass(10);
    stage.last.opens();
    assert.equal(stage.last.commands[0]?.connect?.["token"], "old");
    stage.last.says({ id: 1, error: { code: 109, message: "token expired" } });
    await stage.pass(60_000);
    assert.equal(stage.sockets.length, 1);
    assert.ok(stage.asked.length > 3);
    assert.ok(stage.asked.every(({ init }) => !("authorization" in (init.headers as object))));
  });

  it("asks a token function before every connection", async () => {
    const server = newServer();
    let made = 0;
    watch(server, "seller:1", ear().listener);
    identify(server, () => `t${++made}`);
    await stage.pass(10);
    stage.last.opens();
    stage.last.says({ id: 1, error: { code: 109, message: "token expired" } });
    await stage.pass(600);
    stage.last.opens();
    assert.deepEqual(
      stage.sockets.map((socket) => socket.commands[0]?.connect?.["token"]),
      ["t1", "t2"],
    );
  });

  it("tries again when the token function fails", async () => {
    const server = newServer();
    let calls = 0;
    identify(server, () => (++calls < 2 ? Promise.reject(new Error("no network")) : "good"));
    watch(server, "seller:1", ear().listener);
    await stage.pass(2000);
    stage.last.opens();
    assert.equal(stage.last.commands[0]?.connect?.["token"], "good");
  });

  it("starts anew with a new token, also after a terminal close", async () => {
    const { server } = await live();
    stage.last.ends(3500);
    identify(server, "better");
    await settle();
    stage.last.opens();
    assert.equal(stage.last.commands[0]?.connect?.["token"], "better");
  });
});

describe("polling", () => {
  /** A watcher that is polling: it was live at version 5, then the socket failed three times. */
  const blocked = async () => {
    const { server, one } = await live();
    await stage.pass(6000);
    stage.answer = () => json(standing(6));
    stage.last.ends(1006);
    for (let i = 0; i < 3; i++) {
      await stage.pass(5000);
      stage.last.ends(1006);
    }
    return { server, one };
  };

  it("begins after three failures in a row, not before", async () => {
    await live();
    await stage.pass(6000);
    stage.last.ends(1006);
    await stage.pass(300);
    stage.last.ends(1006);
    await stage.pass(600);
    stage.last.ends(1006);
    await stage.pass(900);
    assert.equal(stage.asked.length, 0);
    await stage.pass(200);
    stage.last.ends(1006);
    await stage.pass(600);
    assert.equal(stage.asked.length, 1);
    assert.equal(stage.asked[0]?.init.cache, "no-cache");
  });

  it("begins at the first failure when there is nothing to show yet", async () => {
    const one = ear();
    watch(newServer(), "seller:42", one.listener);
    await stage.pass(10);
    stage.answer = () => json(standing(3));
    stage.last.ends(1006);
    await stage.pass(450);
    assert.deepEqual(one.now, { state: "live", version: 3 });
  });

  it("brings the newest and repeats every 4 to 6 s, never going back", async () => {
    const { one } = await blocked();
    await stage.pass(6000);
    assert.deepEqual(one.now, { state: "live", version: 6 });
    stage.answer = () => json(standing(2));
    const count = stage.asked.length;
    await stage.pass(10_000);
    assert.equal(stage.asked.length, count + 2);
    assert.deepEqual(one.now, { state: "live", version: 6 });
  });

  it("says offline when HTTP fails too, and connects as soon as it answers again", async () => {
    const { one } = await blocked();
    stage.answer = () => Promise.reject(new TypeError("refused"));
    await stage.pass(12_000);
    assert.equal(one.now?.state, "offline");
    stage.answer = () => json(standing(7));
    while (stage.last.closed || stage.last.readyState === 3) await stage.pass(500);
    stage.last.ends(1006);
    const count = stage.sockets.length;
    await stage.pass(10_050);
    assert.ok(stage.sockets.length > count);
    assert.deepEqual(one.now, { state: "live", version: 7 });
  });

  it("goes back to the socket and then stops asking", async () => {
    const { one } = await blocked();
    while (stage.last.readyState === 3) await stage.pass(500);
    stage.last.welcomes(() => snapshot(8), { ping: 0 });
    assert.deepEqual(one.now, { state: "live", version: 8 });
    await stage.pass(6000);
    const count = stage.asked.length;
    await stage.pass(30_000);
    assert.equal(stage.asked.length, count);
  });

  it("rests in a hidden tab", async () => {
    await blocked();
    stage.hidden = true;
    const count = stage.asked.length;
    await stage.pass(30_000);
    assert.equal(stage.asked.length, count);
  });

  it("takes an unknown subject for one without a standing", async () => {
    const one = ear();
    watch(newServer(), "seller:42", one.listener);
    await stage.pass(10);
    stage.answer = () => missing("unknown_subject");
    stage.last.ends(3501);
    await stage.pass(600);
    assert.deepEqual(one.now, { state: "live", version: null });
  });

  it("does not go on asking where it may not know, until it gets another token", async () => {
    const server = newServer();
    const one = ear();
    watch(server, "seller:42", one.listener);
    await stage.pass(10);
    stage.answer = () => Promise.resolve(new Response("{}", { status: 401 }));
    stage.last.ends(3501);
    await stage.pass(120_000);
    assert.equal(stage.asked.length, 1);
    assert.deepEqual(one.now, { state: "offline", version: undefined });
    identify(server, "good");
    await settle();
    stage.last.welcomes(() => snapshot(5));
    assert.deepEqual(one.now, { state: "live", version: 5 });
  });

  it("shows its token to the public views", async () => {
    const server = newServer();
    watch(server, "seller:42", ear().listener);
    identify(server, "jwt");
    await stage.pass(10);
    stage.last.ends(1006);
    await stage.pass(600);
    assert.deepEqual(stage.asked[0]?.init.headers, { authorization: "Bearer jwt" });
  });
});
