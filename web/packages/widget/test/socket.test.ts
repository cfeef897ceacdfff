/** The client against a real WebSocket server on loopback, in real time. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { type WebSocket as Peer, WebSocketServer } from "ws";
import type { Standing, State } from "../src/standing.ts";

Object.assign(globalThis, { addEventListener: () => {}, document: { hidden: false } });
const { reach } = await import("../src/client.ts");

let server: WebSocketServer;
let version = 1;
const peers = new Set<Peer>();
const positions: unknown[] = [];

const publication = () => ({ data: { subject: "seller:42", version, score: version }, offset: version });

const serve = (peer: Peer) => {
  peers.add(peer);
  peer.on("close", () => peers.delete(peer));
  peer.on("message", (frame: Buffer) => {
    for (const line of frame.toString().split("\n")) {
      const { id, connect, subscribe } = JSON.parse(line);
      if (connect) peer.send(JSON.stringify({ id, connect: { client: "c", version: "v", ping: 25, pong: true } }));
      if (!subscribe) continue;
      positions.push(subscribe.offset);
      const publications = subscribe.offset === version ? [] : [publication()];
      peer.send(JSON.stringify({ id, subscribe: { epoch: "e", offset: version, recovered: true, publications } }));
    }
  });
};

before(async () => {
  server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/connection/websocket" });
  server.on("connection", serve);
  await once(server, "listening");
});

after(() => {
  for (const peer of peers) peer.terminate();
  server.close();
});

test("a change made while the connection was cut is there after the reconnect", async () => {
  const { port } = server.address() as AddressInfo;
  const seen: [State, number | undefined][] = [];
  let wake = () => {};
  const stop = reach(`http://127.0.0.1:${port}`)._watch("seller:42", (state: State, standing?: Standing | null) => {
    seen.push([state, standing?.version]);
    wake();
  });
  const until = async (state: State, wanted: number) => {
    while (seen.at(-1)?.[0] !== state || seen.at(-1)?.[1] !== wanted)
      await new Promise<void>((resolve) => (wake = resolve));
  };

  await until("live", 1);
  version = 2;
  for (const peer of peers)
    peer.send(JSON.stringify({ push: { channel: "standing:seller:42", pub: publication() } }));
  await until("live", 2);

  version = 3;
  for (const peer of peers) peer.terminate();
  await until("stale", 2);
  await until("live", 3);
  assert.deepEqual(positions, [undefined, 2]);
  stop();
});
