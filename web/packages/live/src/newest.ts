import type { Channel } from "./channel.ts";

/** A state that changes: the newest is all that counts. `undefined` is not known yet, `null` that there is none. */
export class Newest<T> {
  private readonly channel: Channel<T>;
  private readonly listeners = new Set<(value: T | null | undefined) => void>();
  private stop: (() => void) | undefined;
  private newest: T | null | undefined;

  constructor(channel: Channel<T>) {
    this.channel = channel;
  }

  /** The newest state, as long as somebody has subscribed. */
  get value(): T | null | undefined {
    return this.newest;
  }

  /** Hear the value now, and every new one, until the returned function is called: the contract of a store. */
  subscribe(listener: (value: T | null | undefined) => void): () => void {
    this.listeners.add(listener);
    listener(this.newest);
    this.stop ??= this.channel.watch({
      data: (value) => this.tell(value),
      settled: () => {
        if (this.newest === undefined) this.tell(null);
      },
    });
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      this.stop?.();
      this.stop = this.newest = undefined;
    };
  }

  private tell(value: T | null): void {
    this.newest = value;
    for (const listener of this.listeners) listener(value);
  }
}
