import { type Centrifuge, type PublicationContext, type StreamPosition, type Subscription, SubscriptionState } from "centrifuge";
import type { Connection, Passenger } from "./connection.ts";

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

/** A channel, subscribed while somebody watches it, whatever client carries it. */
export class Channel<T> implements Passenger {
  readonly name: string;
  private readonly connection: Connection;
  private readonly watchers = new Set<Watcher<T>>();
  private subscription: Subscription | undefined;
  private carrier: Centrifuge | undefined;
  private position: Partial<StreamPosition> = {};
  private last: PublicationContext | undefined;

  constructor(connection: Connection, name: string) {
    this.connection = connection;
    this.name = name;
  }

  /** Watch until the returned function is called. A late watcher gets the newest publication at once. */
  watch(watcher: Watcher<T>): () => void {
    this.watchers.add(watcher);
    if (this.watchers.size === 1) {
      this.connection.passengers.add(this);
      this.board(this.connection.client);
    } else {
      if (this.last) watcher.data(this.last.data, this.last.offset, this.last);
      if (this.subscription?.state === SubscriptionState.Subscribed) watcher.settled?.();
    }
    return () => this.leave(watcher);
  }

  /** The subscription, for what only it can do: publish, ask for presence and history. */
  get wire(): Subscription | undefined {
    return this.subscription;
  }

  board(client: Centrifuge): void {
    const { offset, epoch } = this.position;
    const since = offset !== undefined && epoch !== undefined ? { since: { offset, epoch } } : {};
    const subscription = client.newSubscription(this.name, since);
    subscription.on("subscribed", ({ streamPosition, hasRecoveredPublications, wasRecovering, recovered }) => {
      const anew = streamPosition !== undefined && streamPosition.epoch !== this.position.epoch;
      if (anew) this.position = { epoch: streamPosition.epoch };
      if (streamPosition && !hasRecoveredPublications) this.position = streamPosition;
      if (wasRecovering && !recovered) for (const watcher of this.watchers) watcher.gap?.();
      // What the subscription brings comes right after this event.
      queueMicrotask(() => {
        for (const watcher of this.watchers) watcher.settled?.();
      });
    });
    subscription.on("publication", (publication) => this.take(publication));
    subscription.on("unsubscribed", ({ code, reason }) => {
      for (const watcher of this.watchers) watcher.refused?.(code, reason);
    });
    this.subscription = subscription;
    this.carrier = client;
    subscription.subscribe();
  }

  private take(publication: PublicationContext): void {
    const { offset } = publication;
    if (offset !== undefined) {
      // Another process may be a moment behind the one that was heard before.
      if (this.last && offset < (this.position.offset ?? 0)) return;
      this.position = { ...this.position, offset };
    }
    this.last = publication;
    for (const watcher of this.watchers) watcher.data(publication.data, offset, publication);
  }

  private leave(watcher: Watcher<T>): void {
    if (!this.watchers.delete(watcher) || this.watchers.size > 0) return;
    this.connection.passengers.delete(this);
    const { subscription, carrier } = this;
    this.subscription = this.carrier = this.last = undefined;
    this.position = {};
    if (!subscription) return;
    subscription.removeAllListeners();
    carrier?.removeSubscription(subscription);
  }
}
