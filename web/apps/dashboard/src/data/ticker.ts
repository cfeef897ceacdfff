import type { ReactiveController, ReactiveControllerHost } from "lit";

/** Draws the component again every so often, for words like "3 s ago". */
export class Ticker implements ReactiveController {
  now = Date.now();
  private readonly host: ReactiveControllerHost;
  private readonly every: number;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(host: ReactiveControllerHost, every = 1_000) {
    this.host = host;
    this.every = every;
    host.addController(this);
  }

  hostConnected(): void {
    this.timer = setInterval(() => {
      this.now = Date.now();
      if (!document.hidden) this.host.requestUpdate();
    }, this.every);
  }

  hostUpdate(): void {
    this.now = Date.now();
  }

  hostDisconnected(): void {
    clearInterval(this.timer);
  }
}
