/** The standing over HTTP, where no socket brings it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ear, newServer, settle, snapshot, stage, standing } from "./stage.ts";
import { identify, json, live, missing, watch } from "./watching.ts";

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

  it("begins as soon as a socket turns out to be mute, and goes on knocking", async () => {
    const { one } = await live();
    await stage.pass(6000);
    stage.answer = () => json(standing(6));
    stage.last.ends(1006);
    await stage.pass(600);
    stage.last.opens();
    await stage.pass(5600);
    assert.equal(stage.sockets[1]?.closed, true);
    assert.deepEqual(one.now, { state: "live", version: 6 });
    const count = stage.sockets.length;
    await stage.pass(10_000);
    assert.ok(stage.sockets.length > count);
    stage.answer = () => json(standing(7));
    await stage.pass(6000);
    assert.deepEqual(one.now, { state: "live", version: 7 });
  });

  it("begins within seconds where every tunnel is cut right after its greeting", async () => {
    const { one } = await live();
    stage.answer = () => json(standing(6));
    for (let i = 0; i < 3; i++) {
      await stage.pass(200);
      stage.last.ends(1006);
      if (i === 2) break;
      while (stage.last.readyState === 3) await stage.pass(50);
      stage.last.welcomes(() => snapshot(5));
    }
    await stage.pass(600);
    assert.deepEqual(one.now, { state: "live", version: 6 });
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
