import type { Channel } from "./channel.ts";
import type { Look } from "./shown.ts";

/**
 * A state that changes: the newest is all that counts. `undefined` is not known yet, or not to be shown now because
 * the connection is in trouble and the operator wants it hidden then; `null` that there is none.
 */
export class Newest<T> {
  readonly #channel: Channel<T>;
  readonly #listeners = new Set<(value: T | null | undefined) => void>();
  #stop: (() => void) | undefined;
  #newest: T | null | undefined;
  #hidden = false;

  constructor(channel: Channel<T>) {
    this.#channel = channel;
  }

  /** The newest state, as long as somebody has subscribed. */
  get value(): T | null | undefined {
    return this.#hidden ? undefined : this.#newest;
  }

  /** How it is to be drawn now. */
  get look(): Look {
    return this.#channel.look;
  }

  /** Hear the value now, and every new one, until the returned function is called: the contract of a store. */
  subscribe(listener: (value: T | null | undefined) => void): () => void {
    this.#listeners.add(listener);
    if (!this.#stop) this.#hidden = this.look.hidden;
    listener(this.value);
    this.#stop ??= this.#begin();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = this.#newest = undefined;
    };
  }

  #begin(): () => void {
    const unwatch = this.#channel.watch({
      data: (value) => this.#take(value),
      settled: () => {
        if (this.#newest === undefined) this.#take(null);
      },
    });
    const unlook = this.#channel.onLook(() => {
      const { hidden } = this.look;
      if (hidden === this.#hidden) return;
      this.#hidden = hidden;
      this.#tell();
    });
    return () => {
      unwatch();
      unlook();
    };
  }

  #take(value: T | null): void {
    this.#newest = value;
    if (!this.#hidden) this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.value);
  }
}
