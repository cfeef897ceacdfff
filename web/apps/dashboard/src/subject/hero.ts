import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { ago, axis, fixed, inTime, millis, moment, plural, typeTitle, words } from "../data/format.ts";
import { Ticker } from "../data/ticker.ts";
import type { KindInfo, Standing } from "../data/types.ts";
import "../parts/bounds.ts";
import { flash } from "../parts/motion.ts";
import "../parts/rolling.ts";
import { bounds, delta, tier, wordStyles } from "../parts/words.ts";
import { base, card, controls } from "../styles/shared.ts";

/** The score, as big as it deserves, with how sure it is. */
@customElement("rn-hero")
export class Hero extends LitElement {
  @property({ attribute: false }) standing: Standing | null = null;
  @property({ attribute: false }) kind: KindInfo | undefined;
  private readonly ticker = new Ticker(this);

  protected override render(): TemplateResult | typeof nothing {
    const { standing, kind } = this;
    if (!standing) return nothing;
    const decimals = kind?.scale.decimals ?? 2;
    const ends = axis(kind?.scale, standing.high);
    return html`<section class="card" aria-label="Standing">
      <div class="score">
        <rn-rolling .value=${standing.score} .decimals=${decimals}></rn-rolling>
        <div class="beside">
          ${standing.cause ? html`<span class="cause">${delta(standing.cause.delta, decimals)}<span class="faint">${typeTitle(kind, standing.cause.type)}</span></span>` : nothing}
          <span class="chips">
            ${standing.tier ? tier(standing.tier) : nothing}
            ${standing.badges.map((badge) => html`<span class="chip accent">${words(badge)}</span>`)}
            ${standing.provisional ? html`<span class="chip">provisional</span>` : nothing}
            ${standing.status === "active" && !standing.status_until ? nothing : this.status(standing)}
            ${standing.held ? html`<span class="chip gold num">${standing.held} under review</span>` : nothing}
          </span>
        </div>
      </div>
      <div class="sure">
        <rn-bounds .score=${standing.score} .low=${standing.low} .high=${standing.high} .axis=${ends}></rn-bounds>
        <p class="ends num faint" aria-hidden="true"><span>${fixed(ends[0], 0)}</span><span>${fixed(ends[1], 0)}</span></p>
        <p class="soft num">
          ${this.sureness(standing, decimals)}
        </p>
      </div>
      ${this.facts(standing)}
    </section>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("standing");
    const number = this.renderRoot.querySelector("rn-rolling");
    if (!before || !this.standing || !number || before.subject !== this.standing.subject) return;
    if (before.score !== this.standing.score) flash(number, this.standing.score - before.score);
  }

  /** The status, with what is left of it where it ends by itself. */
  private status({ status, status_until: until }: Standing): TemplateResult {
    if (!until) return html`<span class="chip">${words(status)}</span>`;
    const at = millis(until);
    return html`<span class="chip num" title=${moment(at)}>${words(status)} · ${inTime(at, this.ticker.now)} left</span>`;
  }

  private sureness({ low, high, provisional }: Standing, decimals: number): TemplateResult {
    if (fixed(low, decimals) === fixed(high, decimals)) return html`Counted, not estimated.`;
    const little = provisional ? ", on little evidence so far" : "";
    return html`Most likely between <strong>${bounds(low, high, decimals)}</strong>${little}.`;
  }

  private facts(standing: Standing): TemplateResult {
    const at = millis(standing.updated_at);
    return html`<dl class="num">
      <div><dt>Based on</dt><dd>${plural(standing.count, "event")}</dd></div>
      <div><dt>Version</dt><dd>${standing.version}</dd></div>
      <div><dt>Last change</dt><dd title=${moment(at)}>${ago(at, this.ticker.now)}</dd></div>
    </dl>`;
  }

  static override styles = [
    base,
    card,
    controls,
    wordStyles,
    css`
      :host {
        container-type: inline-size;
      }

      section {
        display: grid;
        grid-template-columns: auto minmax(14rem, 1fr) auto;
        align-items: center;
        gap: var(--space-5) var(--space-7);
        padding: var(--space-5) var(--space-6);
      }

      .score {
        display: flex;
        align-items: center;
        gap: var(--space-4);
      }

      rn-rolling {
        flex: none;
        padding: 0 0.14em 0 0.1em;
        margin-left: -0.1em;
        border-radius: var(--radius-md);
        font-size: var(--text-hero);
        font-weight: 680;
        letter-spacing: -0.045em;
        line-height: 1.1;
        transition: opacity var(--calm);
      }

      :host(.stale) rn-rolling {
        opacity: 0.45;
      }

      .beside,
      .cause {
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        gap: var(--space-1);
      }

      .cause {
        flex-direction: row;
        align-items: baseline;
        gap: var(--space-2);
        font-size: var(--text-sm);
        white-space: nowrap;
      }

      .chips {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-1);
      }

      rn-bounds {
        --bounds-height: 10px;
      }

      .ends {
        display: flex;
        justify-content: space-between;
        margin-top: var(--space-2);
        font-size: var(--text-xs);
      }

      .sure .soft {
        font-size: var(--text-sm);
      }

      .sure strong {
        color: var(--ink);
        font-weight: 600;
      }

      dl {
        display: grid;
        gap: var(--space-1);
        font-size: var(--text-sm);
      }

      dl div {
        display: flex;
        justify-content: space-between;
        gap: var(--space-4);
      }

      dt {
        color: var(--ink-faint);
      }

      dd {
        min-width: 4.5rem;
        font-weight: 550;
        text-align: right;
      }

      @container (max-width: 860px) {
        section {
          grid-template-columns: minmax(0, 1fr) auto;
        }

        .sure {
          grid-column: 1 / -1;
          grid-row: 2;
        }
      }

      @container (max-width: 440px) {
        section {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--space-4);
          padding: var(--space-4);
        }

        .sure {
          grid-row: auto;
        }
      }
    `,
  ];
}
