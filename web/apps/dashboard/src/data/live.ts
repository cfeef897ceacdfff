import { Centrifuge, type Subscription, SubscriptionState } from "centrifuge";
import * as api from "./api.ts";
import { Problem } from "./http.ts";
import { key } from "./session.ts";

/** `offline`: the browser has no network, or the server has been away for a while. */
export type LiveState = "connecting" | "live" | "reconnecting" | "offline";

export interface Watcher<T = unknown> {
  /** A publication; `offset` is the channel's position where it has one. */
  data(data: T, offset: number | undefined): void;
  /** Subscribed, and what the channel held at that moment has been handed over, be it nothing. */
  settled?(): void;
  /** Publications were lost on the way: what was fetched before must be fetched again. */
  gap?(): void;
}

interface Watched {
  subscription: Subscription;
  watchers: Set<Watcher>;
  last: { data: unknown; offset: number | undefined } | null;
}

const patience = 10_000;

/** The one WebSocket of the page. Channels are subscribed while somebody watches them. */
class Live {
  state: LiveState = "connecting";
  /** When the numbers on the page were last known to be current, in ms; null before the first connection. */
  asOf: number | null = null;
  /** Why the server gives this page no client token, or empty. */
  refusal = "";

  private readonly channels = new Map<string, Watched>();
  private readonly listeners = new Set<() => void>();
  private client: Centrifuge = this.connect();
  private givingUp: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener("offline", () => this.settle());
    addEventListener("online", () => this.settle());
  }

  /** Connect, or connect anew because the API key has changed or the server had turned the page away. */
  start(): void {
    this.client.removeAllListeners();
    this.client.disconnect();
    this.client = this.connect();
    for (const [channel, { watchers }] of this.channels) this.subscribe(channel, watchers);
    this.client.connect();
  }

  onState(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Watch a channel until the returned function is called. A late watcher gets the newest publication at once. */
  watch(channel: string, watcher: Watcher): () => void {
    const watched = this.channels.get(channel);
    if (watched) {
      watched.watchers.add(watcher);
      if (watched.last) watcher.data(watched.last.data, watched.last.offset);
      if (watched.subscription.state === SubscriptionState.Subscribed) watcher.settled?.();
    } else {
      this.subscribe(channel, new Set([watcher]));
    }
    return () => this.leave(channel, watcher);
  }

  private connect(): Centrifuge {
    const address = new URL("/connection/websocket", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const client = new Centrifuge(address.href, {
      minReconnectDelay: 300,
      maxReconnectDelay: 5_000,
      maxServerPingDelay: 5_000,
      ...(key() ? { getToken: () => this.token() } : {}),
    });
    client.on("connected", () => this.settle());
    client.on("connecting", () => this.settle());
    client.on("disconnected", () => {
      this.settle();
      setTimeout(() => {
        if (this.client === client) this.start();
      }, patience);
    });
    return client;
  }

  private async token(): Promise<string> {
    try {
      const { token } = await api.token();
      this.refusal = "";
      return token;
    } catch (error) {
      if (error instanceof Problem && error.status > 0) this.refusal = error.message;
      throw error;
    }
  }

  private subscribe(channel: string, watchers: Set<Watcher>): void {
    const subscription = this.client.newSubscription(channel);
    const watched: Watched = { subscription, watchers, last: null };
    subscription.on("publication", ({ data, offset }) => {
      watched.last = { data, offset };
      for (const watcher of watchers) watcher.data(data, offset);
    });
    subscription.on("subscribed", ({ wasRecovering, recovered }) => {
      if (wasRecovering && !recovered) for (const watcher of watchers) watcher.gap?.();
      queueMicrotask(() => {
        for (const watcher of watchers) watcher.settled?.();
      });
    });
    this.channels.set(channel, watched);
    subscription.subscribe();
  }

  private leave(channel: string, watcher: Watcher): void {
    const watched = this.channels.get(channel);
    if (!watched) return;
    watched.watchers.delete(watcher);
    if (watched.watchers.size > 0) return;
    this.channels.delete(channel);
    this.client.removeSubscription(watched.subscription);
  }

  /** Find the state from what the client and the browser say, and tell whoever draws it. */
  private settle(): void {
    if (this.client.state === "connected") return this.turn("live");
    if (!navigator.onLine) return this.turn("offline");
    if (this.state === "live") this.turn("reconnecting");
    this.givingUp ??= setTimeout(() => this.turn("offline"), patience);
  }

  private turn(state: LiveState): void {
    if (this.state === "live" && state !== "live") this.asOf = Date.now();
    if (state !== "reconnecting") {
      clearTimeout(this.givingUp);
      this.givingUp = undefined;
    }
    if (this.state === state) return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

export const live = new Live();
