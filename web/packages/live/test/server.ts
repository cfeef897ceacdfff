/** A server on loopback that speaks as much of the protocol as these tests need, behind a network that can be bad. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket as Peer, WebSocketServer } from "ws";

/** What becomes of WebSockets: `mute` swallows all after the upgrade, `cut` ends them right after the greeting. */
export type Treatment = "pass" | "mute" | "cut" | "refuse";

interface Command {
  readonly id?: number;
  readonly connect?: { readonly token?: string };
  readonly subscribe?: { readonly channel: string; readonly offset?: number; readonly type?: number };
  readonly publish?: { readonly channel: string; readonly data: unknown };
}

type Say = (reply: object) => void;

export class TestServer {
  treatment: Treatment = "pass";
  /** What was asked for, in order: `websocket`, `http_stream`. */
  readonly attempts: string[] = [];
  readonly subscribed: { channel: string; offset?: number | undefined }[] = [];
  readonly tokens: (string | undefined)[] = [];
  /** What connects are answered with, if not with a greeting. */
  refusal: { readonly code: number; readonly message: string } | undefined;
  version = 1;
  /** What `GET /v1/channels` tells. */
  rules: object[] = [];
  /** With what authorization it was asked. */
  readonly bearers: (string | undefined)[] = [];
  /** Seconds between pings that are announced; none is sent. */
  ping = 25;
  private readonly http: Server;
  private readonly sockets = new WebSocketServer({ noServer: true });
  private readonly peers = new Set<Peer>();
  private readonly streams = new Set<ServerResponse>();
  private readonly says = new Set<Say>();

  private constructor() {
    this.http = createServer((request, response) => void this.answer(request, response));
    this.http.on("upgrade", (request, socket, head) => {
      this.attempts.push("websocket");
      if (this.treatment === "refuse") return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      this.sockets.handleUpgrade(request, socket, head, (peer) => this.greet(peer, request.url ?? ""));
    });
  }

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    server.http.listen(0, "127.0.0.1");
    await once(server.http, "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** Say something to every client. */
  push(channel: string, data: unknown, offset: number, more: object = {}): void {
    for (const say of this.says) say({ push: { channel, pub: { data, offset, ...more } } });
  }

  /** End every connection there is. */
  cut(): void {
    for (const peer of this.peers) peer.terminate();
    for (const stream of this.streams) stream.destroy();
  }

  stop(): void {
    this.cut();
    this.http.close();
  }

  private greet(peer: Peer, url: string): void {
    this.peers.add(peer);
    peer.on("close", () => this.peers.delete(peer));
    if (this.treatment === "mute") return;
    if (url.includes("first_frame=1")) peer.send("{}");
    const say: Say = (reply) => peer.send(JSON.stringify(reply));
    this.says.add(say);
    peer.on("close", () => this.says.delete(say));
    peer.on("message", (frame: Buffer) => this.obey(frame.toString(), say));
    if (this.treatment === "cut") setTimeout(() => peer.terminate(), 30);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.url === "/v1/channels") {
      this.bearers.push(request.headers.authorization);
      response.end(JSON.stringify({ channels: this.rules }));
      return;
    }
    if (request.url === "/connection/http_stream") {
      this.attempts.push("http_stream");
      response.writeHead(200);
      this.streams.add(response);
      const say: Say = (reply) => response.write(`${JSON.stringify(reply)}\n`);
      this.says.add(say);
      response.on("close", () => this.says.delete(say));
      this.obey(body, say);
    } else {
      const [say] = [...this.says].slice(-1);
      this.obey(JSON.parse(body).data, say ?? (() => {}));
      response.writeHead(204).end();
    }
  }

  private obey(text: string, say: Say): void {
    for (const line of text.split("\n")) {
      const { id, connect, subscribe, publish }: Command = JSON.parse(line);
      if (connect) {
        this.tokens.push(connect.token);
        if (this.refusal) say({ id, error: this.refusal });
        else say({ id, connect: { client: "c", version: "v", ping: this.ping, pong: true, session: "s", node: "n" } });
      }
      if (publish) say({ id, publish: {} });
      if (subscribe) say({ id, subscribe: this.take(subscribe) });
    }
  }

  private take({ channel, offset, type }: NonNullable<Command["subscribe"]>): object {
    this.subscribed.push({ channel, offset });
    if (type === 1) {
      const state = [1, 2, 3].map((n) => ({ key: `seller:${n}`, data: { subject: `seller:${n}`, version: n }, offset: n }));
      return { type, epoch: "e", offset: 3, state, recoverable: true };
    }
    const publications = offset === this.version ? [] : [{ data: { version: this.version }, offset: this.version }];
    return { recoverable: true, positioned: true, epoch: "e", offset: this.version, recovered: true, publications };
  }
}

/** Wait until something is true, looking whenever the event loop comes round. */
export const until = async (what: () => boolean): Promise<void> => {
  for (let turns = 0; !what(); turns++) {
    if (turns === 6_000) throw new Error(`it never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
