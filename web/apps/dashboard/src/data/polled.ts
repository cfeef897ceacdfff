import type { ReactiveController, ReactiveControllerHost } from "lit";
import { Problem } from "./http.ts";

/** Something read over HTTP again and again while its component is on the page and somebody looks. */
export class Polled<T> implements ReactiveController {
  value: T | null = null;
  problem: Problem | null = null;
  /** When `value` was read, in ms. */
  asOf = 0;

  private readonly host: ReactiveControllerHost;
  private readonly read: (signal: AbortSignal) => Promise<T>;
  private readonly take: (value: T) => void;
  private readonly every: number;
  private abort: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    host: ReactiveControllerHost,
    read: (signal: AbortSignal) => Promise<T>,
    take: (value: T) => void,
    every = 1_000,
  ) {
    this.host = host;
    this.read = read;
    this.take = take;
    this.every = every;
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener("visibilitychange", this.look);
    this.look();
  }

  hostDisconnected(): void {
    document.removeEventListener("visibilitychange", this.look);
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  private readonly look = (): void => {
    clearTimeout(this.timer);
    if (!document.hidden) void this.load();
  };

  private async load(): Promise<void> {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const value = await this.read(AbortSignal.any([abort.signal, AbortSignal.timeout(5_000)]));
      if (abort.signal.aborted) return;
      this.take(value);
      this.value = value;
      this.asOf = Date.now();
      this.problem = null;
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem = error instanceof Problem ? error : new Problem(0, "unreachable", "The server cannot be reached right now.");
    }
    this.host.requestUpdate();
    this.timer = setTimeout(this.look, this.every);
  }
}
