import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { live } from "../data/live.ts";

/**
 * Parts of the page whose code comes when they are first looked at, so that the first load stays small. What
 * did not come is fetched again when the connection is back.
 */
export class Late<Name extends string> implements ReactiveController {
  private readonly host: ReactiveControllerHost;
  private readonly loads: Record<Name, () => Promise<unknown>>;
  private readonly states = new Map<Name, "coming" | "there" | "failed">();
  private leave: (() => void) | undefined;

  constructor(host: ReactiveControllerHost, loads: Record<Name, () => Promise<unknown>>) {
    this.host = host;
    this.loads = loads;
    host.addController(this);
  }

  hostConnected(): void {
    this.leave = live.onState(() => {
      if (live.up) for (const [name, state] of this.states) if (state === "failed") void this.load(name);
    });
  }

  hostDisconnected(): void {
    this.leave?.();
  }

  /** What `content` draws once the code of `name` is there; until then that it is coming, or did not come. */
  show(name: Name, content: () => TemplateResult): TemplateResult {
    const state = this.states.get(name);
    if (state === "there") return content();
    if (state === "failed") {
      return html`<div class="card">
          <div class="empty" role="alert">
            <p><strong>This page did not load</strong> Its code could not be fetched.</p>
            <button class="button" type="button" @click=${() => void this.load(name)}>Try again</button>
          </div>
        </div>`;
    }
    if (state === undefined) void this.load(name);
    return html`<div class="card arriving" aria-busy="true"><span class="skeleton"></span></div>`;
  }

  private async load(name: Name): Promise<void> {
    this.states.set(name, "coming");
    await this.host.updateComplete;
    try {
      await this.loads[name]();
      this.states.set(name, "there");
    } catch {
      this.states.set(name, "failed");
    }
    this.host.requestUpdate();
  }
}
