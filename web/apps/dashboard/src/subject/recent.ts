import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import * as api from "../data/api.ts";
import { Fetched } from "../data/fetched.ts";
import { ago, fixed, given, millis, moment, typeTitle } from "../data/format.ts";
import { Ticker } from "../data/ticker.ts";
import type { Activity, Entry, KindInfo } from "../data/types.ts";
import { delta, wordStyles } from "../parts/words.ts";
import { base, card, skeleton } from "../styles/shared.ts";

const shown = 15;

/** What happened lately, newest first. */
@customElement("rn-recent")
export class Recent extends LitElement {
  @property() subject = "";
  @property({ attribute: false }) fresh: readonly Activity[] = [];
  @property({ attribute: false }) kind: KindInfo | undefined;

  private readonly ticker = new Ticker(this);
  private readonly past = new Fetched(
    this,
    () => this.subject || null,
    (subject, signal) => api.events(subject, shown + 1, signal),
  );

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("fresh") && this.fresh.length > 0) this.past.refresh();
  }

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="recent-title">
      <header><h2 id="recent-title">Recent events</h2></header>
      ${this.past.value ? this.list(this.past.value) : this.waiting()}
    </section>`;
  }

  private waiting(): TemplateResult {
    const { problem } = this.past;
    if (problem) return html`<p class="empty">${problem.message}</p>`;
    return html`<ul class="body" aria-busy="true">
      ${Array.from({ length: 6 }, () => html`<li><span class="skeleton"></span></li>`)}
    </ul>`;
  }

  private list(entries: readonly Entry[]): TemplateResult {
    return html`<ul class="body">
      ${repeat(
        entries.slice(0, shown),
        ({ version }) => version,
        (entry, index) => this.row(entry, entries[index + 1]),
      )}
    </ul>`;
  }

  private row({ event, score, ended_at: ended }: Entry, before: Entry | undefined): TemplateResult {
    const decimals = this.kind?.scale.decimals ?? 2;
    const title = typeTitle(this.kind, event.type);
    const when = millis(event.occurred_at);
    return html`<li class=${ended == null ? "" : "ended"}>
      <span class="what">
        <span class="ellipsis">${title} <span class="num">${event.value == null ? "" : given(event.value)}</span></span>
        <span class="faint ellipsis">${event.actor ? `by ${event.actor}` : ""}${ended == null ? "" : " · taken back"}</span>
      </span>
      ${before ? delta(score - before.score, decimals) : nothing}
      <span class="num score">${fixed(score, decimals)}</span>
      <time class="faint num" datetime=${new Date(when).toISOString()} title=${moment(when)}>${ago(when, this.ticker.now)}</time>
    </li>`;
  }

  static override styles = [
    base,
    card,
    skeleton,
    wordStyles,
    css`
      .card {
        height: 100%;
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto 3.4rem 3.2rem;
        align-items: center;
        gap: var(--space-3);
        min-height: 2.9rem;
        font-size: var(--text-sm);
      }

      li + li {
        border-top: 1px solid var(--line-soft);
      }

      .what {
        display: grid;
        line-height: 1.35;
      }

      .what > :first-child {
        font-weight: 550;
      }

      .what > .faint {
        font-size: var(--text-xs);
      }

      .ended .what > :first-child {
        text-decoration: line-through;
      }

      .score {
        grid-column: 3;
        font-weight: 600;
        text-align: right;
      }

      time {
        text-align: right;
        white-space: nowrap;
      }

      .skeleton {
        grid-column: 1 / -1;
        height: 1.2rem;
      }
    `,
  ];
}
