import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { count, finer, fixed, plural, signed, words } from "../data/format.ts";
import type { Mover, Trial } from "../data/policies.ts";
import type { Chart } from "../parts/chart.ts";
import { delta, name, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { table } from "../styles/numbers.ts";
import { base, card, controls } from "../styles/shared.ts";
import { trialStyles } from "./trial.styles.ts";

const few = 12;

/** What a policy would change, had it been in force all along. */
@customElement("rn-trial")
export class TrialCard extends LitElement {
  @property({ attribute: false }) trial: Trial | null = null;
  @property({ type: Number }) decimals = 2;
  private whole = false;
  private histogram: Chart | undefined;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("trial")) this.whole = false;
    this.hidden = !this.trial;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { trial } = this;
    if (!trial) return nothing;
    return html`<section class="card" aria-labelledby="trial-title">
      <header>
        <h2 id="trial-title">What version ${trial.version} would change</h2>
        <p class="faint note num">${plural(trial.events, "event")} of ${plural(trial.subjects, "subject")} folded anew; nothing was touched</p>
      </header>
      <div class="body">
        <dl class="figures num">
          ${this.figure("Standings", trial.changed, trial.subjects)} ${this.figure("Scores", trial.scores, trial.subjects)}
          ${this.figure("Tiers", trial.tiers)} ${this.figure("Badges", trial.badges)} ${this.figure("Statuses", trial.statuses)}
          ${this.figure("Shown or not", trial.provisional)}
        </dl>
        ${trial.scores > 0 ? this.changes(trial) : html`<p class="soft">No overall score would be another.</p>`}
        ${this.tiers(trial)} ${this.refusals(trial)}
      </div>
    </section>`;
  }

  private figure(label: string, value: number, of?: number): TemplateResult {
    return html`<div>
      <dt>${label}</dt>
      <dd class=${value === 0 ? "faint" : ""}>${count(value)}${of === undefined ? nothing : html`<small class="faint"> of ${count(of)}</small>`}</dd>
    </div>`;
  }

  private changes(trial: Trial): TemplateResult {
    const { decimals } = this;
    const { rising, falling, mean, median, largest, movers } = trial;
    const summary = `${count(rising)} rise and ${count(falling)} fall; on average ${signed(mean, finer(decimals))}, in the middle ${signed(median, finer(decimals))}, at most ${signed(largest, finer(decimals))}`;
    return html`<div class="columns">
      <figure>
        <figcaption><strong>By how much scores change</strong><span class="soft num">${summary}.</span></figcaption>
        <div class="plot" role="img" aria-label="How many scores change by how much: ${summary}"></div>
      </figure>
      <div class="movers">
        <table>
          <caption>The largest movers</caption>
          <thead><tr><th scope="col">Subject</th><th scope="col" class="number">Now</th><th scope="col" class="number">Then</th><th scope="col" class="number">Change</th><th scope="col">Tier</th></tr></thead>
          <tbody>${(this.whole ? movers : movers.slice(0, few)).map((mover) => this.mover(mover))}</tbody>
        </table>
        ${movers.length > few && !this.whole ? html`<button class="button quiet" type="button" @click=${this.more}>Show all ${count(movers.length)}</button>` : nothing}
      </div>
    </div>`;
  }

  private mover(mover: Mover): TemplateResult {
    const { decimals } = this;
    const { subject, before, after, tier_before: from, tier_after: to } = mover;
    return html`<tr>
      <th scope="row"><a href=${toSubject(subject)}>${name(subject)}</a></th>
      <td class="number num">${fixed(before, decimals)}</td>
      <td class="number num"><strong>${fixed(after, decimals)}</strong></td>
      <td class="number">${delta(after - before, decimals)}</td>
      <td>${from === to ? html`<span class="faint">${from ? words(from) : "\u2013"}</span>` : move(from, to)}${badges(mover)}</td>
    </tr>`;
  }

  private tiers({ tier_moves: moves }: Trial): TemplateResult | typeof nothing {
    if (moves.length === 0) return nothing;
    return html`<div>
      <h3>From tier to tier</h3>
      <ul class="moves">${moves.map(({ before, after, subjects }) => html`<li>${move(before, after)} <span class="num soft">${plural(subjects, "subject")}</span></li>`)}</ul>
    </div>`;
  }

  private refusals({ refused, refusals }: Trial): TemplateResult | typeof nothing {
    const all = Object.values(refused).reduce((sum, many) => sum + many, 0);
    if (all === 0) return nothing;
    return html`<div>
      <h3 class="down">${plural(all, "event")} would be refused and count for nothing</h3>
      <ul class="refusals">
        ${refusals.slice(0, few).map((each) => html`<li><a href=${toSubject(each.subject)}>${name(each.subject)}</a> ${words(each.type)} <code>${each.id}</code>: ${each.detail}</li>`)}
      </ul>
    </div>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("trial")) void this.draw();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.histogram?.end();
    this.histogram = undefined;
  }

  private async draw(): Promise<void> {
    this.histogram?.end();
    this.histogram = undefined;
    const { trial } = this;
    if (!trial || trial.histogram.length === 0) return;
    const module = await import("./histogram.ts").catch(() => null);
    const place = this.renderRoot.querySelector<HTMLElement>(".plot");
    if (!module || !place || !this.isConnected || trial !== this.trial) return;
    this.histogram = module.histogram(place, trial.histogram);
  }

  private more(): void {
    this.whole = true;
    this.requestUpdate();
  }

  static override styles = [base, card, controls, wordStyles, table, trialStyles];
}

const move = (before: string | null, after: string | null): TemplateResult =>
  html`<span class="move">${before ? words(before) : "none"} <span aria-label="to">\u2192</span> <strong>${after ? words(after) : "none"}</strong></span>`;

function badges({ badges_before: before, badges_after: after }: Mover): TemplateResult | typeof nothing {
  const gone = before.filter((badge) => !after.includes(badge));
  const fresh = after.filter((badge) => !before.includes(badge));
  if (gone.length + fresh.length === 0) return nothing;
  return html`${fresh.map((badge) => html` <span class="chip accent">+ ${words(badge)}</span>`)}${gone.map((badge) => html` <span class="chip">\u2212 ${words(badge)}</span>`)}`;
}
