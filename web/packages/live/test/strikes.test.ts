import assert from "node:assert/strict";
import { test } from "node:test";
import { Strikes } from "../src/strikes.ts";
import { emulation, endpoints } from "../src/transports.ts";

test("a transport that never worked is left to the SDK, which goes on by itself", () => {
  const strikes = new Strikes();
  assert.deepEqual(Array.from({ length: 9 }, () => strikes.failed(false)).includes(true), false);
});

test("three deaths right after the beginning are enough, wherever in the beginning", () => {
  const strikes = new Strikes();
  strikes.connected(0);
  assert.equal(strikes.ended(200, false), false);
  strikes.prove();
  assert.equal(strikes.failed(false), false);
  strikes.connected(1_000);
  assert.equal(strikes.ended(1_200, false), true);
});

test("a connection that lived makes up for those that did not", () => {
  const strikes = new Strikes();
  strikes.connected(0);
  assert.equal(strikes.ended(200, false), false);
  strikes.connected(1_000);
  assert.equal(strikes.ended(1_200, false), false);
  strikes.connected(2_000);
  assert.equal(strikes.ended(60_000, false), false);
  strikes.connected(61_000);
  assert.equal(strikes.ended(61_200, false), false);
});

test("silence counts twice, and also where the connection lived for a while first", () => {
  const strikes = new Strikes();
  strikes.connected(0);
  assert.equal(strikes.ended(40_000, true), false);
  strikes.connected(41_000);
  assert.equal(strikes.ended(80_000, true), true);
  const healthy = new Strikes();
  for (let hour = 0; hour < 9; hour++) {
    healthy.connected(hour * 3_600_000);
    assert.equal(healthy.ended((hour + 1) * 3_600_000, true), false, "a laptop that was closed");
  }
});

test("the transports follow each other in a ring, and only a WebSocket is asked to speak first", () => {
  const server = new URL("https://reputation.example/base/");
  assert.deepEqual(endpoints(server), [
    { transport: "websocket", endpoint: "wss://reputation.example/base/connection/websocket?first_frame=1" },
    { transport: "http_stream", endpoint: "https://reputation.example/base/connection/http_stream" },
    { transport: "sse", endpoint: "https://reputation.example/base/connection/sse" },
  ]);
  const after = (tried: "websocket" | "sse") => endpoints(server, tried).map(({ transport }) => transport);
  assert.deepEqual(after("websocket"), ["http_stream", "sse", "websocket"]);
  assert.deepEqual(after("sse"), ["websocket", "http_stream", "sse"]);
  assert.equal(emulation(server), "https://reputation.example/base/emulation");
});
