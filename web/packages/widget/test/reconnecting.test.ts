/** When the client comes back, and how soon. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ear, newServer, settle, snapshot, stage, standing } from "./stage.ts";
import { json, live, watch } from "./watching.ts";

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
