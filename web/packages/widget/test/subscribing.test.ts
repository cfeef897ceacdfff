/** What the client asks for, what it makes of the answers, and how it knows that the server is there. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ear, newServer, push, snapshot, stage } from "./stage.ts";
import { live, watch } from "./watching.ts";

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

  it("is slow when the ping is 5 s late, until there is a sign of life", async () => {
    const { one } = await live();
    await stage.pass(29_000);
    assert.equal(one.now?.state, "live");
    await stage.pass(1500);
    assert.deepEqual(one.now, { state: "slow", version: 5 });
    stage.last.says({});
    assert.deepEqual(one.now, { state: "live", version: 5 });
  });

  it("has no deadline when the server sends no pings", async () => {
    watch(newServer(), "seller:42", ear().listener);
    await stage.pass(10);
    stage.last.welcomes(() => snapshot(5), { ping: 0 });
    await stage.pass(600_000);
    assert.equal(stage.last.closed, false);
  });
});
