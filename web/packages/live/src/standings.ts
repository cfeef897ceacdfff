import type { Centrifuge, MapEntry, MapSubscription } from "centrifuge";
import type { Connection, Passenger } from "./connection.ts";
import type { Standing } from "./types.ts";

export type StandingsListener = (
  /** All standings known, by subject. The same map each time. */
  standings: ReadonlyMap<string, Standing>,
  /** What is new in it since the last call; a subject that is not in the map any more was taken out. */
  changed: ReadonlySet<string>,
) => void;

const PAGE = 1000;

/** Every standing of a kind through one subscription: a snapshot in pages, then changes. */
export class Standings implements Passenger {
  private readonly connection: Connection;
  private readonly name: string;
  private readonly known = new Map<string, Standing>();
  private readonly listeners = new Set<StandingsListener>();
  private subscription: MapSubscription | undefined;
  private carrier: Centrifuge | undefined;

  constructor(connection: Connection, name: string) {
    this.connection = connection;
    this.name = name;
  }

  get value(): ReadonlyMap<string, Standing> {
    return this.known;
  }

  /** Hear of all standings and their changes until the returned function is called. */
  subscribe(listener: StandingsListener): () => void {
    this.listeners.add(listener);
    listener(this.known, new Set(this.known.keys()));
    if (this.listeners.size === 1) {
      this.connection.passengers.add(this);
      this.board(this.connection.client);
    }
    return () => this.leave(listener);
  }

  board(client: Centrifuge): void {
    const subscription = client.newMapSubscription(this.name, { pageSize: PAGE });
    subscription.on("sync", ({ entries }) => this.replace(entries));
    subscription.on("update", ({ key, data, removed }) => {
      if (removed) this.known.delete(key);
      else this.known.set(key, data);
      this.tell(new Set([key]));
    });
    this.subscription = subscription;
    this.carrier = client;
    subscription.subscribe();
  }

  private replace(entries: readonly MapEntry[]): void {
    const changed = new Set(this.known.keys());
    this.known.clear();
    for (const { key, data } of entries) {
      this.known.set(key, data);
      changed.add(key);
    }
    this.tell(changed);
  }

  private tell(changed: ReadonlySet<string>): void {
    for (const listener of this.listeners) listener(this.known, changed);
  }

  private leave(listener: StandingsListener): void {
    if (!this.listeners.delete(listener) || this.listeners.size > 0) return;
    this.connection.passengers.delete(this);
    const { subscription, carrier } = this;
    this.subscription = this.carrier = undefined;
    this.known.clear();
    if (!subscription) return;
    subscription.removeAllListeners();
    carrier?.removeMapSubscription(subscription);
  }
}
