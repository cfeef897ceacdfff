import { Centrifuge, connectingCodes } from "centrifuge";
import type { Group, Tab } from "./group.ts";
import type { Passenger } from "./passenger.ts";
import { feltEvents, feltFetch, Pulse } from "./pulse.ts";
import { BLINK, type Look, look, Rules } from "./shown.ts";
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

const PATIENCE = 10_000;
const ERRORS_OF_THE_SERVER = 100;
const TIMEOUT = 1;

/** Whether tabs can find each other here. */
const canShare = (): boolean => typeof BroadcastChannel !== "undefined" && !!globalThis.navigator?.locks;

/** The one connection of a page to one server, which may be another tab's. */
export class Connection implements Tab {
  state: State = { kind: "connecting" };

  readonly passengers = new Set<Passenger>();
  /** Finds or makes what another tab wants, by its id. */
  find: (id: string) => Passenger = () => {
    throw new Error("Nothing can be found yet.");
  };
  #client: Centrifuge;
  readonly #server: URL;
  readonly #token: Token | undefined;
  readonly #patience: number;
  readonly #rules: Rules;
  readonly #pulse = new Pulse(() => this.#settle());
  readonly #listeners = new Set<(state: State) => void>();
  readonly #lookers = new Set<() => void>();
  /** The transport that last carried something: the one to blame. */
  #current: TransportName = "websocket";
  #asOf: number | null = null;
  /** When the state began. */
  #since = 0;
  #group: Group | undefined;
  /** Another tab has the connection. */
  #following = false;
  #joining = false;
  #givingUp: ReturnType<typeof setTimeout> | undefined;
  #blinking: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor({ url, token, patience = PATIENCE }: Settings) {
    this.#server = new URL(url, globalThis.location?.href);
    this.#token = token;
    this.#patience = patience;
    this.#rules = new Rules(this.#server.href.replace(/\/$/, ""));
    this.#client = this.#make();
    this.#events("addEventListener");
    if (typeof token !== "function") void this.#learn(token);
    if (!(canShare() && this.#rules.anyShared)) this.#connect();
  }

  onState(listener: (state: State) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How what a channel last brought is to be drawn now. */
  look(channel: string): Look {
    return look(this.#rules.of(channel), this.state, Date.now() - this.#since);
  }

  /** Hear when looks may have changed, until the returned function is called. */
  onLook(listener: () => void): () => void {
    this.#lookers.add(listener);
    return () => this.#lookers.delete(listener);
  }

  /** Bring a passenger what it watches, until it is dropped. */
  carry(passenger: Passenger): void {
    this.passengers.add(passenger);
    if (!this.#following) passenger.board(this.#client);
    this.#place();
    if (this.#following) this.#group?.want(passenger);
  }

  drop(passenger: Passenger): void {
    this.passengers.delete(passenger);
    if (this.#following) this.#group?.drop();
  }

  /** Have a passenger of the tab with the connection do something. */
  call(id: string, method: string, given: unknown[]): Promise<unknown> {
    return this.#group ? this.#group.call(id, method, given) : Promise.reject(new Error("Not connected."));
  }

  /** Connect anew, from the first transport on. */
  reconnect(): void {
    this.#part();
    this.#change(undefined);
    this.#place();
  }

  close(): void {
    this.#closed = true;
    this.#group?.leave();
    this.#pulse.stop();
    clearTimeout(this.#givingUp);
    clearTimeout(this.#blinking);
    this.#events("removeEventListener");
    this.#client.removeAllListeners();
    this.#client.disconnect();
  }

  /** Take the connection for all tabs. */
  lead(): void {
    if (this.#closed) return;
    if (this.#following) {
      this.#following = false;
      for (const each of this.passengers) each.board(this.#client);
    }
    this.#connect();
  }

  follow(state: State): void {
    if (this.#closed) return;
    if (!this.#following) {
      this.#following = true;
      this.#pulse.stop();
      clearTimeout(this.#givingUp);
      for (const each of this.passengers) each.alight();
      this.#client.disconnect();
    }
    for (const each of this.passengers) this.#group?.want(each);
    this.#turn(state);
  }

  #events(how: "addEventListener" | "removeEventListener"): void {
    const on = globalThis[how];
    on?.("offline", this.#settle);
    on?.("online", this.#settle);
    on?.("pagehide", this.#rest);
    on?.("pageshow", this.#place);
    globalThis.document?.[how]("freeze", this.#rest);
    globalThis.document?.[how]("resume", this.#place);
  }

  #connect(): void {
    this.#client.connect();
    this.#settle();
  }

  #make(tried?: TransportName): Centrifuge {
    const token = this.#token;
    const { beat } = this.#pulse;
    const strikes = new Strikes();
    const events = feltEvents(beat);
    const client: Centrifuge = new Centrifuge(endpoints(this.#server, tried), {
      name: "renown-live",
      websocket: provenSocket(() => {
        this.#current = "websocket";
        strikes.prove();
      }, beat),
      fetch: feltFetch(beat),
      ...(events ? { eventsource: events } : {}),
      emulationEndpoint: emulation(this.#server),
      maxServerPingDelay: 5_000,
      minReconnectDelay: 300,
      maxReconnectDelay: 10_000,
      ...(typeof token === "string" ? { token } : {}),
      ...(typeof token === "function"
        ? {
            getToken: async () => {
              const fresh = await token();
              void this.#learn(fresh);
              return fresh;
            },
          }
        : {}),
    });
    const judge = (guilty: boolean): void => {
      // Not from within the SDK's own callback, which goes on with what this takes apart.
      if (guilty) queueMicrotask(() => client === this.#client && this.#change(this.#current));
    };
    client.on("connected", ({ transport }) => {
      this.#current = transport as TransportName;
      strikes.connected(Date.now());
      this.#settle();
      if (typeof token !== "function") void this.#learn(token);
    });
    client.on("connecting", ({ code }) => {
      if (this.#up && code !== connectingCodes.connectCalled && code < ERRORS_OF_THE_SERVER)
        judge(strikes.ended(Date.now(), code === connectingCodes.noPing));
      this.#settle();
    });
    client.on("error", ({ type, error }) => {
      if ((type === "transport" || type === "connect") && error.code < ERRORS_OF_THE_SERVER)
        judge(strikes.failed(type === "connect" && error.code === TIMEOUT));
    });
    client.on("disconnected", ({ code, reason }) => {
      if (!this.#following) this.#turn({ kind: "refused", asOf: this.#asOf, code, reason });
    });
    return client;
  }

  #change(tried: TransportName | undefined): void {
    if (this.#closed) return;
    this.#client.removeAllListeners();
    this.#client.disconnect();
    this.#client = this.#make(tried);
    for (const each of this.passengers) each.board(this.#client);
    this.#connect();
  }

  async #learn(token: string | undefined): Promise<void> {
    if (!(await this.#rules.learn(token)) || this.#closed) return;
    this.#place();
    this.#tellLooks();
  }

  /** Share the connection of another tab, or have one of our own, as the rules of what is watched say. */
  readonly #place = (): void => {
    if (this.#closed || this.#joining) return;
    const shared = canShare() && [...this.passengers].every(({ name }) => this.#rules.of(name).tabs === "shared");
    if (this.passengers.size && shared !== !!this.#group)
      if (shared) void this.#join();
      else {
        this.#part();
        this.#connect();
      }
  };

  async #join(): Promise<void> {
    this.#joining = true;
    // Loaded by those that share only.
    const { claims, Group } = await import("./group.ts");
    let who: string;
    try {
      who = claims(typeof this.#token === "function" ? await this.#token() : this.#token);
    } catch {
      who = crypto.randomUUID();
    }
    this.#joining = false;
    if (!this.#closed) this.#group = new Group(`renown-live ${this.#server.href} ${who}`, this);
  }

  /** Leave the other tabs. */
  #part(): void {
    this.#group?.leave();
    this.#group = undefined;
    if (!this.#following) return;
    this.#following = false;
    for (const each of this.passengers) each.board(this.#client);
  }

  /** The page is about to be put aside: it must not keep from the others what they share. */
  readonly #rest = (): void => {
    if (!this.#group) return;
    this.#part();
    for (const each of this.passengers) each.alight();
    this.#following = true;
    this.#client.disconnect();
    this.#following = false;
    for (const each of this.passengers) each.board(this.#client);
  };

  get #up(): boolean {
    return this.state.kind === "live" || this.state.kind === "slow";
  }

  /** Find the state from what the client and the browser say. */
  readonly #settle = (): void => {
    if (this.#following || (this.#client.state === "disconnected" && this.#group)) return;
    if (this.#client.state === "connected") {
      const transport = this.#current;
      const { late, last } = this.#pulse;
      return this.#turn(late ? { kind: "slow", transport, asOf: last } : { kind: "live", transport });
    }
    this.#pulse.stop();
    if (this.state.kind === "live") this.#asOf = Date.now();
    if (this.state.kind === "slow") this.#asOf = this.state.asOf;
    if (globalThis.navigator?.onLine === false) return this.#turn({ kind: "offline", asOf: this.#asOf });
    if (this.#up) this.#turn({ kind: "reconnecting", asOf: this.#asOf ?? 0 });
    else if (this.state.kind === "refused") this.#turn({ kind: "offline", asOf: this.#asOf });
    this.#givingUp ??= setTimeout(() => this.#turn({ kind: "offline", asOf: this.#asOf }), this.#patience);
  };

  #turn(state: State): void {
    if (state.kind !== "reconnecting") {
      clearTimeout(this.#givingUp);
      this.#givingUp = undefined;
    }
    const before = this.state;
    this.state = state;
    const same = before.kind === state.kind && (state.kind !== "live" || state.transport === (before as typeof state).transport);
    if (same) return;
    this.#since = Date.now();
    clearTimeout(this.#blinking);
    // Timers may be a millisecond early by the clock that says how long it has lasted.
    if (state.kind === "reconnecting") this.#blinking = setTimeout(this.#tellLooks, BLINK + 10);
    for (const listener of this.#listeners) listener(state);
    this.#tellLooks();
    this.#group?.tell();
  }

  readonly #tellLooks = (): void => {
    for (const each of this.#lookers) each();
  };
}
