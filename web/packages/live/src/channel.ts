import { type Centrifuge, type PublicationContext, type StreamPosition, type Subscription, SubscriptionState } from "centrifuge";
import type { Connection } from "./connection.ts";
import type { Passenger, Post } from "./passenger.ts";
import type { Look } from "./shown.ts";

/** Who watches a channel. */
export interface Watcher<T> {
  /** A publication; `offset` is the channel's position where it has one. */
  data(data: T, offset: number | undefined, publication: PublicationContext): void;
  /** Subscribed, and what the channel held at that moment has been handed over, be it nothing. */
  settled?(): void;
  /** Publications were lost on the way: what was put together from them must be fetched again. */
  gap?(): void;
  /** The server does not let this client watch. */
  refused?(code: number, reason: string): void;
}

/** A publication as one tab tells it to another. */
interface Heard {
  readonly publication: PublicationContext;
  readonly epoch: string | undefined;
}

/** A channel, subscribed while somebody watches it, whatever client carries it. */
export class Channel<T> implements Passenger {
  readonly id: string;
  readonly #connection: Connection;
  readonly #watchers = new Set<Watcher<T>>();
  #subscription: Subscription | undefined;
  #carrier: Centrifuge | undefined;
  #position: Partial<StreamPosition> = {};
  #last: PublicationContext | undefined;
  /** The tab with the connection is subscribed. */
  #settled = false;

  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.id = name;
  }

  get name(): string {
    return this.id;
  }

  get fresh(): boolean {
    return !this.#last;
  }

  /** How what it last brought is to be drawn now. */
  get look(): Look {
    return this.#connection.look(this.id);
  }

  /** Hear when `look` may have changed, until the returned function is called. */
  onLook(listener: () => void): () => void {
    return this.#connection.onLook(listener);
  }

  /** Watch until the returned function is called. A late watcher gets the newest publication at once. */
  watch(watcher: Watcher<T>): () => void {
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) {
      this.#connection.carry(this);
    } else {
      if (this.#last) watcher.data(this.#last.data, this.#last.offset, this.#last);
      if (this.#there) watcher.settled?.();
    }
    return () => this.#leave(watcher);
  }

  /** What only a subscription can do: `publish`, `presence`, `history`. */
  async call(method: string, given: unknown[]): Promise<unknown> {
    if (!this.#watchers.size) throw new Error(`Nobody listens to ${this.id}: call listen() first.`);
    if (!this.#subscription) return this.#connection.call(this.id, method, given);
    return (this.#subscription as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(...given);
  }

  board(client: Centrifuge): void {
    const { offset, epoch } = this.#position;
    const since = offset !== undefined && epoch !== undefined ? { since: { offset, epoch } } : {};
    const subscription = client.newSubscription(this.name, since);
    subscription.on("subscribed", ({ streamPosition, hasRecoveredPublications, wasRecovering, recovered }) => {
      this.#renew(streamPosition?.epoch);
      if (streamPosition && !hasRecoveredPublications) this.#position = streamPosition;
      if (wasRecovering && !recovered) for (const watcher of this.#watchers) watcher.gap?.();
      // What the subscription brings comes right after this event.
      queueMicrotask(() => {
        for (const watcher of this.#watchers) watcher.settled?.();
      });
    });
    subscription.on("publication", (publication) => this.#take(publication));
    subscription.on("unsubscribed", ({ code, reason }) => {
      for (const watcher of this.#watchers) watcher.refused?.(code, reason);
    });
    this.#subscription = subscription;
    this.#carrier = client;
    subscription.subscribe();
  }

  alight(): void {
    const subscription = this.#subscription;
    const carrier = this.#carrier;
    this.#subscription = this.#carrier = undefined;
    this.#settled = false;
    if (!subscription) return;
    subscription.removeAllListeners();
    carrier?.removeSubscription(subscription);
  }

  hear(verb: string, payload: unknown): void {
    if (verb === "data") {
      const { publication, epoch } = payload as Heard;
      this.#renew(epoch);
      this.#take(publication);
    }
    for (const watcher of this.#watchers) {
      if (verb === "gap") watcher.gap?.();
      if (verb === "refused") watcher.refused?.(...(payload as [number, string]));
    }
    if (verb !== "settled") return;
    this.#position = payload as Partial<StreamPosition>;
    if (this.#settled) return;
    this.#settled = true;
    for (const watcher of this.#watchers) watcher.settled?.();
  }

  relay(post: Post): () => void {
    return this.watch({
      data: (_data, _offset, publication) => post("data", { publication, epoch: this.#position.epoch }),
      settled: () => post("settled", this.#position),
      gap: () => post("gap", null),
      refused: (code, reason) => post("refused", [code, reason]),
    });
  }

  recap(post: Post, fresh: boolean): void {
    if (this.#last && fresh) post("data", { publication: this.#last, epoch: this.#position.epoch });
    if (this.#there) post("settled", this.#position);
  }

  get #there(): boolean {
    return this.#settled || this.#subscription?.state === SubscriptionState.Subscribed;
  }

  /** In another life of the channel offsets begin anew. */
  #renew(epoch: string | undefined): void {
    if (epoch === undefined || epoch === this.#position.epoch) return;
    if (this.#position.epoch !== undefined) this.#last = undefined;
    this.#position = { epoch };
  }

  #take(publication: PublicationContext): void {
    const { offset } = publication;
    if (offset !== undefined) {
      // Another process or tab may be a moment behind the one that was heard before.
      if (this.#last && (offset < (this.#position.offset ?? 0) || offset === this.#last.offset)) return;
      this.#position = { ...this.#position, offset };
    }
    this.#last = publication;
    for (const watcher of this.#watchers) watcher.data(publication.data, offset, publication);
  }

  #leave(watcher: Watcher<T>): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    this.alight();
    this.#last = undefined;
    this.#position = {};
    this.#connection.drop(this);
  }
}
