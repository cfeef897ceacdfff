import { Centrifuge, connectingCodes } from "centrifuge";
import { provenSocket } from "./socket.ts";
import type { State, TransportName } from "./state.ts";
import { Strikes } from "./strikes.ts";
import { emulation, endpoints } from "./transports.ts";

/** A client token, or a function that makes one; the function is asked when one is needed. */
export type Token = string | (() => string | Promise<string>);

export interface Settings {
  /** The server's address, such as `https://reputation.example`. */
  readonly url: string | URL;
  /** For servers that do not let anonymous visitors watch. */
  readonly token?: Token | undefined;
  /** Milliseconds without a connection before the state is `offline`. */
  readonly patience?: number | undefined;
}

/** What moves to a new client when the transport is changed. */
export interface Passenger {
  /** Subscribe with `client`, from where the subscription before stood. */
  board(client: Centrifuge): void;
}

const PATIENCE = 10_000;
const ERRORS_OF_THE_SERVER = 100;
const TIMEOUT = 1;

/** The one connection of a page to one server. */
export class Connection {
  state: State = { kind: "connecting" };
  client: Centrifuge;

  readonly passengers = new Set<Passenger>();
  private readonly server: URL;
  private readonly token: Token | undefined;
  private readonly patience: number;
  private readonly listeners = new Set<(state: State) => void>();
  /** The transport that last carried something: the one to blame. */
  private current: TransportName = "websocket";
  private asOf: number | null = null;
  private givingUp: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor({ url, token, patience = PATIENCE }: Settings) {
    this.server = new URL(url, globalThis.location?.href);
    this.token = token;
    this.patience = patience;
    this.client = this.make();
    globalThis.addEventListener?.("offline", this.settle);
    globalThis.addEventListener?.("online", this.settle);
    this.client.connect();
    this.settle();
  }

  onState(listener: (state: State) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Connect anew, from the first transport on. */
  reconnect(): void {
    this.change(undefined);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.givingUp);
    globalThis.removeEventListener?.("offline", this.settle);
    globalThis.removeEventListener?.("online", this.settle);
    this.client.removeAllListeners();
    this.client.disconnect();
  }

  private make(tried?: TransportName): Centrifuge {
    const { token } = this;
    const strikes = new Strikes();
    const client: Centrifuge = new Centrifuge(endpoints(this.server, tried), {
      name: "renown-live",
      websocket: provenSocket(() => {
        this.current = "websocket";
        strikes.prove();
      }),
      emulationEndpoint: emulation(this.server),
      maxServerPingDelay: 5_000,
      minReconnectDelay: 300,
      maxReconnectDelay: 10_000,
      ...(typeof token === "string" ? { token } : {}),
      ...(typeof token === "function" ? { getToken: async () => await token() } : {}),
    });
    const judge = (guilty: boolean): void => {
      // Not from within the SDK's own callback, which goes on with what this takes apart.
      if (guilty) queueMicrotask(() => client === this.client && this.change(this.current));
    };
    client.on("connected", ({ transport }) => {
      this.current = transport as TransportName;
      strikes.connected(Date.now());
      this.settle();
    });
    client.on("connecting", ({ code }) => {
      if (this.state.kind === "live" && code !== connectingCodes.connectCalled && code < ERRORS_OF_THE_SERVER)
        judge(strikes.ended(Date.now(), code === connectingCodes.noPing));
      this.settle();
    });
    client.on("error", ({ type, error }) => {
      if ((type === "transport" || type === "connect") && error.code < ERRORS_OF_THE_SERVER)
        judge(strikes.failed(type === "connect" && error.code === TIMEOUT));
    });
    client.on("disconnected", ({ code, reason }) => this.turn({ kind: "refused", asOf: this.asOf, code, reason }));
    return client;
  }

  private change(tried: TransportName | undefined): void {
    if (this.closed) return;
    this.client.removeAllListeners();
    this.client.disconnect();
    this.client = this.make(tried);
    for (const each of this.passengers) each.board(this.client);
    this.client.connect();
    this.settle();
  }

  /** Find the state from what the client and the browser say. */
  private readonly settle = (): void => {
    if (this.client.state === "connected") return this.turn({ kind: "live", transport: this.current });
    if (this.state.kind === "live") this.asOf = Date.now();
    if (globalThis.navigator?.onLine === false) return this.turn({ kind: "offline", asOf: this.asOf });
    if (this.state.kind === "live") this.turn({ kind: "reconnecting", asOf: this.asOf ?? 0 });
    else if (this.state.kind === "refused") this.turn({ kind: "offline", asOf: this.asOf });
    this.givingUp ??= setTimeout(() => this.turn({ kind: "offline", asOf: this.asOf }), this.patience);
  };

  private turn(state: State): void {
    if (state.kind !== "reconnecting") {
      clearTimeout(this.givingUp);
      this.givingUp = undefined;
    }
    const before = this.state;
    this.state = state;
    const same = before.kind === "live" && state.kind === "live" ? before.transport === state.transport : before.kind === state.kind;
    if (!same) for (const listener of this.listeners) listener(state);
  }
}
