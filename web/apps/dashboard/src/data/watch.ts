import type { ReactiveController, ReactiveControllerHost } from "lit";
import { Frame } from "./frame.ts";
import { live, type Watcher } from "./live.ts";

/**
 * Keeps a component subscribed to the channel it names while it is on the page. Publications are
 * handed over as they come; the component is drawn again at most once per animation frame.
 */
export class Watch<T> implements ReactiveController {
  private readonly host: ReactiveControllerHost;
  private readonly channel: () => string | null;
  private readonly watcher: Watcher;
  private readonly frame: Frame;
  private current: string | null = null;
  private leave: (() => void) | undefined;

  constructor(
    host: ReactiveControllerHost,
    channel: () => string | null,
    watcher: Watcher<T>,
  ) {
    this.host = host;
    this.channel = channel;
    this.frame = new Frame(() => host.requestUpdate());
    this.watcher = {
      data: (data, offset) => {
        watcher.data(data as T, offset);
        this.frame.ask();
      },
      settled: () => {
        watcher.settled?.();
        this.frame.ask();
      },
      gap: () => watcher.gap?.(),
    };
    host.addController(this);
  }

  hostConnected(): void {
    this.host.requestUpdate();
  }

  hostUpdate(): void {
    const wanted = this.channel();
    if (wanted === this.current) return;
    this.drop();
    this.current = wanted;
    if (wanted !== null) this.leave = live.watch(wanted, this.watcher);
  }

  hostDisconnected(): void {
    this.drop();
    this.frame.cancel();
  }

  private drop(): void {
    this.leave?.();
    this.leave = undefined;
    this.current = null;
  }
}

/** Draws the component again when the connection's state changes. */
export class WatchState implements ReactiveController {
  private readonly host: ReactiveControllerHost;
  private leave: (() => void) | undefined;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
  }

  hostConnected(): void {
    this.leave = live.onState(() => this.host.requestUpdate());
  }

  hostDisconnected(): void {
    this.leave?.();
  }

  /** True while the numbers on the page may be out of date. */
  get stale(): boolean {
    return live.state === "reconnecting" || live.state === "offline";
  }
}
