import type { ClientInfo, HistoryOptions, HistoryResult, Subscription } from "centrifuge";
import type { Channel, Watcher } from "./channel.ts";

/** A channel that people and backends speak in. What it carries is the application's own. */
export class Room<T> {
  private readonly channel: Channel<T>;

  constructor(channel: Channel<T>) {
    this.channel = channel;
  }

  get name(): string {
    return this.channel.name;
  }

  /** Hear every publication until the returned function is called. */
  listen(watcher: Watcher<T>): () => void {
    return this.channel.watch(watcher);
  }

  /** Publish; resolves when the server has kept it. Only while somebody listens. */
  async publish(data: T): Promise<void> {
    await this.wire.publish(data);
  }

  /** Who is here, by client id. */
  async presence(): Promise<Readonly<Record<string, ClientInfo>>> {
    return (await this.wire.presence()).clients;
  }

  /** What was said before, as far as it was kept. */
  history(options: HistoryOptions): Promise<HistoryResult> {
    return this.wire.history(options);
  }

  private get wire(): Subscription {
    const { wire } = this.channel;
    if (!wire) throw new Error(`Nobody listens to ${this.name}: call listen() first.`);
    return wire;
  }
}
