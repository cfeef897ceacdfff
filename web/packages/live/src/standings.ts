import type { Centrifuge, MapEntry, MapSubscription } from "centrifuge";
import type { Connection } from "./connection.ts";
import type { Passenger, Post } from "./passenger.ts";
import type { Look } from "./shown.ts";
import type { Standing } from "./types.ts";

export type StandingsListener = (
  /** All standings known, by subject. The same map each time. */
  standings: ReadonlyMap<string, Standing>,
  /** What is new in it since the last call; a subject that is not in the map any more was taken out. */
  changed: ReadonlySet<string>,
) => void;

const PAGE = 1000;
const NONE: ReadonlyMap<string, Standing> = new Map();
/** Subjects with their standings; without one where it was taken out. */
type Changes = readonly (readonly [string, Standing | undefined])[];

/** Every standing of a kind through one subscription: a snapshot in pages, then changes. */
export class Standings implements Passenger {
  readonly #connection: Connection;
  readonly name: string;
  readonly #known = new Map<string, Standing>();
  readonly #listeners = new Set<StandingsListener>();
  #subscription: MapSubscription | undefined;
  #carrier: Centrifuge | undefined;
  #hidden = false;
  #unlook: (() => void) | undefined;

  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.name = name;
  }

  /** Not the channel alone: it could be watched as a room, too. */
  get id(): string {
    return `map ${this.name}`;
  }

  get fresh(): boolean {
    return this.#known.size === 0;
  }

  /** All standings known by subject; none while the operator wants them hidden. */
  get value(): ReadonlyMap<string, Standing> {
    return this.#hidden ? NONE : this.#known;
  }

  /** How they are to be drawn now. */
  get look(): Look {
    return this.#connection.look(this.name);
  }

  /** Hear of all standings and their changes until the returned function is called. */
  subscribe(listener: StandingsListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#hidden = this.look.hidden;
    listener(this.value, new Set(this.value.keys()));
    if (this.#listeners.size === 1) {
      this.#connection.carry(this);
      this.#unlook = this.#connection.onLook(() => this.#turn(this.look.hidden));
    }
    return () => this.#leave(listener);
  }

  board(client: Centrifuge): void {
    const subscription = client.newMapSubscription(this.name, { pageSize: PAGE });
    subscription.on("sync", ({ entries }) => this.#replace(entries));
    subscription.on("update", ({ key, data, removed }) => this.#apply([[key, removed ? undefined : data]]));
    this.#subscription = subscription;
    this.#carrier = client;
    subscription.subscribe();
  }

  alight(): void {
    const subscription = this.#subscription;
    const carrier = this.#carrier;
    this.#subscription = this.#carrier = undefined;
    if (!subscription) return;
    subscription.removeAllListeners();
    carrier?.removeMapSubscription(subscription);
  }

  hear(_verb: string, payload: unknown): void {
    this.#apply(payload as Changes);
  }

  relay(post: Post): () => void {
    return this.subscribe((_standings, changed) => {
      const changes: Changes = [...changed].map((subject) => [subject, this.#known.get(subject)]);
      post("changes", changes);
    });
  }

  /** All of it, whatever is known there: some may have gone meanwhile. */
  recap(post: Post): void {
    if (this.#known.size > 0) post("changes", [...this.#known]);
  }

  async call(): Promise<never> {
    throw new Error("A map of standings can only be watched.");
  }

  #turn(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    for (const listener of this.#listeners) listener(this.value, new Set(this.#known.keys()));
  }

  #apply(changes: Changes): void {
    for (const [subject, standing] of changes)
      if (standing) this.#known.set(subject, standing);
      else this.#known.delete(subject);
    this.#tell(new Set(changes.map(([subject]) => subject)));
  }

  #replace(entries: readonly MapEntry[]): void {
    const changed = new Set(this.#known.keys());
    this.#known.clear();
    for (const { key, data } of entries) {
      this.#known.set(key, data);
      changed.add(key);
    }
    this.#tell(changed);
  }

  #tell(changed: ReadonlySet<string>): void {
    if (!this.#hidden) for (const listener of this.#listeners) listener(this.#known, changed);
  }

  #leave(listener: StandingsListener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.alight();
    this.#unlook?.();
    this.#known.clear();
    this.#connection.drop(this);
  }
}
