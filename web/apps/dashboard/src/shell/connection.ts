import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { timeOfDay } from "../data/format.ts";
import { live } from "../data/live.ts";
import { WatchState } from "../data/watch.ts";
import { base } from "../styles/shared.ts";

/** Whether the numbers are live, and if not, of when they are. */
@customElement("rn-connection")
export class Connection extends LitElement {
  constructor() {
    super();
    new WatchState(this);
  }

  protected override render(): TemplateResult {
    return html`<span class="badge ${live.state}" role="status"><i aria-hidden="true"></i>${this.words()}</span>`;
  }

  private words(): TemplateResult {
    const asOf = live.asOf === null ? "" : html` <span class="as-of">· as of ${timeOfDay(live.asOf)}</span>`;
    switch (live.state) {
      case "live":
        return html`Live`;
      case "polling":
        return html`<span title="Nothing streams through this network: news come with plain requests">Polling</span>`;
      case "slow":
        return html`Slow${asOf}`;
      case "connecting":
        return html`Connecting`;
      case "reconnecting":
        return html`Reconnecting${asOf}`;
      case "offline":
        return html`Offline${asOf}`;
    }
  }

  static override styles = [
    base,
    css`
      .badge {
        display: inline-flex;
        align-items: center;
        gap: var(--space-2);
        color: var(--ink-soft);
        font-size: var(--text-sm);
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }

      i {
        flex: none;
        width: 0.55rem;
        height: 0.55rem;
        border: 2px solid var(--ink-faint);
        border-radius: 50%;
      }

      .live i {
        border-color: var(--up);
        background: var(--up);
      }

      .polling i {
        border-color: var(--up);
      }

      .slow i {
        border-color: var(--gold);
        background: var(--gold);
      }

      .reconnecting i {
        border-color: var(--gold);
      }

      .offline i {
        border-color: var(--down);
      }

      @media (max-width: 560px) {
        .as-of {
          display: none;
        }
      }
    `,
  ];
}
