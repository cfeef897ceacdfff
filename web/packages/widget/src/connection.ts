import type { Listener, Token } from "./standing.ts";

/** What brings standings to the elements of a page: this tab's own connection, or the one that tabs share. */
export interface Connection {
  /** Tell `listener` all news of `subject`, beginning with what is known; returns what ends it. */
  _watch(subject: string, listener: Listener): () => void;
  /** Connect with `token` from now on. */
  _identify(token: Token): void;
  /** Connect at once; with `force` even where a connection seems to be. */
  _wake(force: boolean): void;
  /** Hang up until woken. */
  _sleep(): void;
}
