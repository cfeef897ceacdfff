import { css, html, LitElement, nothing, type TemplateResult } from "lit";
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
    return html`<span class="badge ${live.state}" role="status"><i aria-hidden="true"></i><span>${this.words()}</span></span>`;
  }

  private words(): TemplateResult {
    const asOf = live.asOf === null ? nothing : html` <span class="as-of"><span class="unseen">· </span>as of ${timeOfDay(live.asOf)}</span>`;
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

      /* Room for the longest, so that nothing beside it moves when the connection does. */
      @media (min-width: 1100px) {
        .badge {
          justify-content: flex-end;
          min-width: 6.6rem;
        }
      }

      .badge > span {
        display: grid;
        line-height: 1.25;
      }

      .as-of {
        color: var(--ink-faint);
        font-size: var(--text-xs);
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
