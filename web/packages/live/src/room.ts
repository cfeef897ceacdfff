import type { ClientInfo, HistoryOptions, HistoryResult, PresenceResult } from "centrifuge";
import type { Channel, Watcher } from "./channel.ts";
import type { Look } from "./shown.ts";

/** A channel that people and backends speak in. What it carries is the application's own. */
export class Room<T> {
  readonly #channel: Channel<T>;

  constructor(channel: Channel<T>) {
    this.#channel = channel;
  }

  get name(): string {
    return this.#channel.name;
  }

  /** How what it last brought is to be drawn now. */
  get look(): Look {
    return this.#channel.look;
  }

  /** Hear every publication until the returned function is called. */
  listen(watcher: Watcher<T>): () => void {
    return this.#channel.watch(watcher);
  }

  /** Publish; resolves when the server has kept it. Only while somebody listens. */
  async publish(data: T): Promise<void> {
    await this.#channel.call("publish", [data]);
  }

  /** Who is here, by client id. */
  async presence(): Promise<Readonly<Record<string, ClientInfo>>> {
    return ((await this.#channel.call("presence", [])) as PresenceResult).clients;
  }

  /** What was said before, as far as it was kept. */
  async history(options: HistoryOptions): Promise<HistoryResult> {
    return (await this.#channel.call("history", [options])) as HistoryResult;
  }
}
