import type { Centrifuge } from "centrifuge";

/** Tells something that was heard; what the verbs are is between two passengers of the same id. */
export type Post = (verb: string, payload: unknown) => void;

/** What is watched, whatever carries it: this page's client, or a tab that has the connection. */
export interface Passenger {
  /** The same for the same thing in every tab. */
  readonly id: string;
  /** The channel. */
  readonly name: string;
  /** Nothing was heard yet. */
  readonly fresh: boolean;
  /** Subscribe with `client`, from where the subscription before stood. */
  board(client: Centrifuge): void;
  /** Give the subscription up, and remember where it stood. */
  alight(): void;
  /** Take what the tab with the connection has heard. */
  hear(verb: string, payload: unknown): void;
  /** Watch, and tell `post` all that is heard, until the returned function is called. */
  relay(post: Post): () => void;
  /** Tell `post` how things stand; to whom knows nothing yet, also what there is. */
  recap(post: Post, fresh: boolean): void;
  /** Do something that only a subscription can do. */
  call(method: string, given: unknown[]): Promise<unknown>;
}
