/** The client against a real server on loopback, through networks of several kinds. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createRenown, type Renown } from "../src/index.ts";
import { TestServer, until } from "./server.ts";

let server: TestServer;
let renown: Renown | undefined;

beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(() => {
  renown?.close();
  server.stop();
});

const versions = () => {
  const seen: (number | null | undefined)[] = [];
  renown = createRenown({ url: server.url });
  renown.standing("seller:42").subscribe((value) => seen.push(value && value.version));
  return { renown, seen };
};

test("a WebSocket whose first frame arrives is used, and the frame is not seen", async () => {
  const { renown, seen } = versions();
  await until(() => seen.at(-1) === 1);
  assert.deepEqual(renown.state, { kind: "live", transport: "websocket" });
  assert.deepEqual(server.attempts, ["websocket"]);
  server.push("standing:seller:42", { version: 2 }, 2);
  await until(() => seen.at(-1) === 2);
});

test("a mute WebSocket is given up for the next transport", async () => {
  server.treatment = "mute";
  const { renown, seen } = versions();
  await until(() => seen.at(-1) === 1);
  assert.deepEqual(renown.state, { kind: "live", transport: "http_stream" });
  assert.deepEqual(server.attempts, ["websocket", "http_stream"]);
});

test("a refused WebSocket too, at once", async () => {
  server.treatment = "refuse";
  const { renown, seen } = versions();
  await until(() => seen.at(-1) === 1);
  assert.deepEqual(renown.state, { kind: "live", transport: "http_stream" });
});

test("tunnels that are cut again and again lead to the next transport, without a lost or repeated state", async () => {
  server.treatment = "cut";
  const { renown, seen } = versions();
  await until(() => renown.state.kind === "live" && renown.state.transport === "http_stream");
  assert.deepEqual(server.attempts, ["websocket", "websocket", "websocket", "http_stream"]);
  server.version = 2;
  server.push("standing:seller:42", { version: 2 }, 2);
  await until(() => seen.at(-1) === 2);
  assert.deepEqual(seen, [undefined, 1, 2]);
  assert.equal(server.subscribed.at(-1)?.offset, 1, "the new client goes on where the old one stood");
});

test("a network that is good again is used after the other transport has failed", async () => {
  server.treatment = "refuse";
  const { renown, seen } = versions();
  await until(() => seen.at(-1) === 1);
  server.treatment = "pass";
  await until(() => {
    if (renown.state.kind !== "live") return false;
    if (renown.state.transport === "http_stream") server.cut();
    return renown.state.transport === "websocket";
  });
  assert.ok(server.attempts.filter((each) => each === "http_stream").length >= 2, "it was given another chance first");
});
