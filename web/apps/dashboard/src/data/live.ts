import { createRenown, type Renown, type State, type Watcher as Listener } from "@renown/live";
import * as api from "./api.ts";
import { Problem } from "./http.ts";
import { Polling } from "./polling.ts";
import { key } from "./session.ts";

/**
 * `slow`: the server's ping is late. `polling`: nothing streams, but plain requests bring the news. `offline`: the
 * browser has no network, or the server has been away for a while.
 */
export type LiveState = "connecting" | "live" | "slow" | "polling" | "reconnecting" | "offline";

export type Watcher<T = unknown> = Omit<Listener<T>, "refused" | "data"> & {
  /** A publication; `offset` is the channel's position where it has one. */
  data(data: T, offset: number | undefined): void;
};

interface Watched {
  readonly channel: string;
  readonly watcher: Watcher;
  stop: (() => void) | undefined;
}

const patience = 10_000;

/** The one connection of the page. Channels are subscribed while somebody watches them. */
class Live {
  state: LiveState = "connecting";
  /** When the numbers on the page were last known to be current, in ms; null before the first connection. */
  asOf: number | null = null;
  /** Why the server gives this page no client token, or empty. */
  refusal = "";

  private readonly watched = new Set<Watched>();
  private readonly listeners = new Set<() => void>();
  private renown: Renown | undefined;
  private minted: string | undefined;
  private readonly polling = new Polling({
    channels: () => [...this.watched].map(({ channel }) => channel),
    token: async () => (key() ? (this.minted ??= await this.token()) : undefined),
    hear: (channel, data, offset) => {
      for (const each of this.watched) if (each.channel === channel) each.watcher.data(data, offset);
    },
    settled: (channel) => {
      for (const each of this.watched) if (each.channel === channel) each.watcher.settled?.();
    },
    turn: (working) => this.fallBack(working),
  });

  /** Whether news arrive, in whatever way. */
  get up(): boolean {
    return this.state === "live" || this.state === "slow" || this.state === "polling";
  }

  /** Connect, or connect anew because the API key has changed or the server had turned the page away. */
  start(): void {
    this.renown?.close();
    this.polling.stop();
    this.minted = undefined;
    const renown = createRenown({
      url: location.origin,
      patience,
      ...(key() ? { token: () => this.token() } : {}),
    });
    this.renown = renown;
    renown.onState((state) => this.turn(renown, state));
    for (const each of this.watched) each.stop = renown.room(each.channel).listen(each.watcher);
  }

  onState(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Watch a channel until the returned function is called. A late watcher gets the newest publication at once. */
  watch(channel: string, watcher: Watcher): () => void {
    const entry: Watched = { channel, watcher, stop: this.renown?.room(channel).listen(watcher) };
    this.watched.add(entry);
    this.polling.wake();
    return () => {
      this.watched.delete(entry);
      entry.stop?.();
    };
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

  private turn(renown: Renown, state: State): void {
    if (renown !== this.renown) return;
    if ("asOf" in state) this.asOf = state.asOf ?? this.asOf;
    if (state.kind === "refused") {
      setTimeout(() => {
        if (renown === this.renown && renown.state.kind === "refused") this.start();
      }, patience);
    }
    const next = state.kind === "refused" ? "offline" : state.kind;
    // A page that has been turned away for its key is not let in by another door.
    if (state.kind === "offline") this.polling.start();
    else if (state.kind !== "connecting" && state.kind !== "reconnecting") this.polling.stop();
    if (state.kind !== "offline" || this.state !== "polling") this.show(next);
  }

  private fallBack(working: boolean): void {
    if (!working) {
      this.minted = undefined;
      if (this.state !== "polling") return;
      this.asOf = Date.now();
      return this.show("offline");
    }
    if (this.state === "polling") return;
    // What happened in between is not known to lists.
    for (const { watcher } of this.watched) watcher.gap?.();
    this.show("polling");
  }

  private show(next: LiveState): void {
    if (this.state === next) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }
}

export const live = new Live();
