import type { ReactiveController, ReactiveControllerHost } from "lit";
import * as api from "../data/api.ts";
import { Problem } from "../data/http.ts";
import { live } from "../data/live.ts";
import { key, onSession, signOut } from "../data/session.ts";
import type { Info } from "../data/types.ts";

const again = 15_000;
const soon = 2_000;

/** What the server is, whether it lets this page read, and the figures that change slowly. */
export class Server implements ReactiveController {
  info: Info | null = null;
  /** `ask`: the server wants an API key that this page does not have. */
  access: "unknown" | "open" | "ask" = "unknown";
  refusal = "";

  private readonly host: ReactiveControllerHost;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost) {
    this.host = host;
    host.addController(this);
    onSession(() => void this.enter());
    live.onState(() => {
      if (live.up) void this.look();
    });
  }

  hostConnected(): void {
    void this.enter();
  }

  hostDisconnected(): void {
    clearTimeout(this.timer);
  }

  private async enter(): Promise<void> {
    this.access = "unknown";
    await this.look();
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    let wait = again;
    try {
      this.info = await api.info();
      if (this.access !== "open") this.open();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401 || error.status === 403) this.refuse(error);
      else wait = this.info ? again : soon;
    }
    this.timer = setTimeout(() => void this.look(), wait);
    this.host.requestUpdate();
  }

  private open(): void {
    this.access = "open";
    this.refusal = "";
    live.start();
  }

  private refuse(problem: Problem): void {
    this.access = "ask";
    if (!key()) return;
    this.refusal = problem.message;
    signOut();
  }
}
