import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { inTime, millis, moment } from "../data/format.ts";
import { Ticker } from "../data/ticker.ts";
import type { KindInfo, Need, Progress, TierStep } from "../data/types.ts";
import { meter } from "../styles/numbers.ts";
import { base, card, controls } from "../styles/shared.ts";
import { above, asked, distance, figures, heldOf, part, threatened } from "./words.ts";

/** The way through the tiers: what keeps the one that is held, and what the next ones ask for. */
@customElement("rn-tiers")
export class TierCard extends LitElement {
  @property({ attribute: false }) progress: Progress | null = null;
  @property({ attribute: false }) kind: KindInfo | undefined;
  private readonly ticker = new Ticker(this, 10_000);

  protected override willUpdate(): void {
    this.hidden = !this.progress;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { progress } = this;
    if (!progress) return nothing;
    const [next, ...further] = above(progress);
    return html`<section class="card" aria-labelledby="tiers-title">
      <header>
        <h2 id="tiers-title">Tiers</h2>
        <ol class="ladder" aria-label="All tiers, the lowest first">${progress.steps.map((step) => rung(step))}</ol>
      </header>
      <div class="body columns">
        ${this.held(progress)}
        ${next ? this.way(next, further) : html`<div><h3>Further up</h3><p class="soft">There is no higher tier.</p></div>`}
      </div>
    </section>`;
  }

  private held(progress: Progress): TemplateResult {
    const held = heldOf(progress);
    if (!held) return html`<div><h3>No tier yet</h3>${this.looks(progress)}</div>`;
    const danger = threatened(progress);
    return html`<div class=${danger ? "danger" : ""}>
      <h3>To keep <strong>${held.title}</strong> ${danger ? html`<span class="chip alarm">in danger</span>` : nothing}</h3>
      ${this.needs(held, "Nothing is asked for: it stays.")} ${this.looks(progress)}
    </div>`;
  }

  /** What else decides on the tier, and when. */
  private looks({ set_by_event: set, safe_until: safe, next_look: look }: Progress): TemplateResult {
    const { now } = this.ticker;
    const until = safe === null ? 0 : millis(safe);
    const next = look === null ? 0 : millis(look);
    return html`${set ? html`<p class="soft">An event has set it: it stays until another one does.</p>` : nothing}
      ${until > now ? html`<p class="soft num" title=${moment(until)}>Not lost before ${inTime(until, now)} have passed, whatever happens.</p>` : nothing}
      ${next > now ? html`<p class="soft num" title=${moment(next)}>Decided next in ${inTime(next, now)}.</p>` : nothing}`;
  }

  private way(next: TierStep, further: readonly TierStep[]): TemplateResult {
    return html`<div>
      <h3>To reach <strong>${next.title}</strong></h3>
      ${this.needs(next, "Everything is there.")}
      ${further.length > 0
        ? html`<details>
            <summary>Further up</summary>
            ${further.map((step) => html`<h4>${step.title}</h4>${this.needs(step, "Everything is there.")}`)}
          </details>`
        : nothing}
    </div>`;
  }

  private needs({ needs = [] }: TierStep, none: string): TemplateResult {
    if (needs.length === 0) return html`<p class="soft">${none}</p>`;
    return html`<ul>${needs.map((need) => this.need(need))}</ul>`;
  }

  private need(need: Need): TemplateResult {
    const { kind } = this;
    const width = styleMap({ width: `${part(need, kind) * 100}%` });
    return html`<li class=${need.met ? "met" : "missing"} data-need=${need.part ? `${need.what} ${need.part}` : need.what}>
      <span><b aria-hidden="true">${need.met ? "\u2713" : "\u25cb"}</b>${asked(need, kind)}<span class="unseen">${need.met ? ": enough" : ": not enough"}</span></span>
      <span class="num have">${figures(need, kind)}</span>
      <span class="track" aria-hidden="true"><i style=${width}></i></span>
      <span class="num far">${distance(need, kind)}</span>
    </li>`;
  }

  static override styles = [
    base,
    card,
    controls,
    meter,
    css`
      .columns {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
        gap: var(--space-5) var(--space-6);
      }

      .columns > div {
        display: grid;
        align-content: start;
        gap: var(--space-3);
        font-size: var(--text-sm);
      }

      .ladder {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-1);
      }

      .ladder li {
        display: flex;
        align-items: center;
        gap: var(--space-1);
      }

      .ladder li + li::before {
        color: var(--ink-faint);
        content: "\\203a";
      }

      h3,
      h4 {
        margin: 0;
        font-size: var(--text-sm);
        font-weight: 500;
        color: var(--ink-soft);
      }

      h3 strong {
        color: var(--ink);
        font-weight: 620;
      }

      h4 {
        margin: var(--space-4) 0 var(--space-3);
        font-weight: 620;
        color: var(--ink);
      }

      ul {
        display: grid;
        gap: var(--space-3);
      }

      ul li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 9.8rem;
        align-items: center;
        gap: 0.15rem var(--space-3);
      }

      b {
        display: inline-block;
        width: 1.1rem;
        color: var(--ink-faint);
      }

      .met b {
        color: var(--up);
      }

      .danger .missing b,
      .danger .missing .far {
        color: var(--down);
      }

      .have {
        font-weight: 600;
        text-align: right;
        white-space: nowrap;
      }

      .met i {
        background: color-mix(in oklab, var(--up) 70%, transparent);
      }

      .danger .missing i {
        background: var(--down);
      }

      .far {
        color: var(--ink-faint);
        font-size: var(--text-xs);
        text-align: right;
      }

      summary {
        width: fit-content;
        color: var(--ink-soft);
        cursor: pointer;
      }

      @media (max-width: 760px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

const rung = ({ title, reached, held }: TierStep): TemplateResult =>
  html`<li aria-current=${held ? "step" : nothing}><span class="chip ${held ? "gold" : ""}">${reached && !held ? html`<span aria-hidden="true">\u2713</span>` : nothing}${title}</span></li>`;
