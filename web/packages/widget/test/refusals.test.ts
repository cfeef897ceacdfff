/** What the client does when it is not let in, or not let see. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ear, newServer, settle, snapshot, stage, standing } from "./stage.ts";
import { identify, json, live, missing, watch } from "./watching.ts";

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
