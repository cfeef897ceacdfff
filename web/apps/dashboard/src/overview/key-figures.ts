import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { count, timeOfDay } from "../data/format.ts";
import { live, type LiveState } from "../data/live.ts";
import { Rate } from "../data/rate.ts";
import { Ticker } from "../data/ticker.ts";
import type { Feed, Info } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import { figures } from "../styles/numbers.ts";
import { base, card, skeleton } from "../styles/shared.ts";

const stateWords: Record<LiveState, string> = {
  connecting: "Connecting",
  live: "Live",
  slow: "Slow",
  polling: "Polling",
  reconnecting: "Reconnecting",
  offline: "Offline",
};

/** How much there is and how fast it changes. */
@customElement("rn-key-figures")
export class KeyFigures extends LitElement {
  @property({ attribute: false }) info: Info | null = null;

  private readonly rate = new Rate(24);
  private events: number | null = null;
  private readonly ticker = new Ticker(this);
  private readonly connection = new WatchState(this);

  constructor() {
    super();
    new Watch<Feed>(this, () => "feed:all", {
      data: (_, offset) => this.count(offset ?? 0),
      settled: () => (this.events ??= 0),
    });
  }

  protected override render(): TemplateResult {
    const { now } = this.ticker;
    const subjects = this.info?.kinds.reduce((sum, kind) => sum + kind.subjects, 0);
    return html`<dl class="card ${this.connection.stale ? "stale" : ""}">
      ${this.figure("Events", this.events === null ? null : count(this.events))}
      ${this.figure("Subjects", subjects === undefined ? null : count(subjects))}
      ${this.figure("Changes per second", this.rate.perSecond(now).toFixed(1), this.bars(now))}
      ${this.figure("Connection", stateWords[live.state], this.since())}
    </dl>`;
  }

  private count(total: number): void {
    this.events = total;
    this.rate.record(total, Date.now());
  }

  private figure(label: string, value: string | null, more?: TemplateResult): TemplateResult {
    return html`<div class="figure">
      <dt>${label}</dt>
      <dd class="num">
        ${value === null ? html`<span class="skeleton value"></span>` : value}${more}
      </dd>
    </div>`;
  }

  private bars(now: number): TemplateResult {
    const bars = this.rate.bars(now);
    const most = Math.max(4, ...bars);
    return html`<span class="bars" aria-hidden="true"
      >${bars.map((bar) => html`<i style=${styleMap({ height: `${Math.max(6, (bar / most) * 100)}%` })}></i>`)}</span
    >`;
  }

  private since(): TemplateResult {
    const stale = this.connection.stale && live.asOf !== null;
    return html`<span class="note">${stale ? `as of ${timeOfDay(live.asOf ?? 0)}` : ""}</span>`;
  }

  static override styles = [
    base,
    card,
    skeleton,
    figures,
    css`
      dl {
        grid-template-columns: repeat(4, minmax(0, 1fr));
      }

      .figure {
        padding: var(--space-4) var(--space-5);
      }

      dd {
        display: flex;
        align-items: flex-end;
        justify-content: space-between;
        gap: var(--space-3);
        font-size: var(--text-xl);
        font-weight: 620;
        line-height: 1.3;
        letter-spacing: -0.02em;
        transition: opacity var(--calm);
      }

      .stale .figure:not(:last-child) dd {
        opacity: 0.45;
      }

      .bars {
        display: flex;
        flex: 0 1 7rem;
        align-items: flex-end;
        gap: 2px;
        height: 1.9rem;
        min-width: 0;
        padding-bottom: 4px;
      }

      .bars i {
        flex: 1;
        border-radius: 1px;
        background: color-mix(in oklab, var(--accent) 55%, transparent);
      }

      .note {
        color: var(--ink-faint);
        font-size: var(--text-sm);
        font-weight: 450;
        letter-spacing: 0;
        line-height: 2;
      }

      @media (max-width: 860px) {
        dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }

        .figure {
          padding: var(--space-3) var(--space-4);
        }

        .figure:nth-child(odd) {
          border-left: 0;
        }

        .figure:nth-child(n + 3) {
          border-top: 1px solid var(--line);
        }

        dd {
          flex-wrap: wrap;
          gap: 0 var(--space-3);
          font-size: var(--text-lg);
        }
      }
    `,
  ];
}
