import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import * as api from "../data/api.ts";
import { Fetched } from "../data/fetched.ts";
import { finer, fixed, given, millis, moment, signed, typeTitle } from "../data/format.ts";
import type { Explanation, ExplainLine, KindInfo } from "../data/types.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { pullsOf } from "../data/pulls.ts";
import { explainStyles } from "./explain.styles.ts";

const page = 12;
const mostLines = 500;

/** Why the number is what it is: what every event adds to it, until the lines make up the score. */
@customElement("rn-explain")
export class Explain extends LitElement {
  @property() subject = "";
  @property({ type: Number }) version = 0;
  @property({ attribute: false }) kind: KindInfo | undefined;
  private limit = page;

  private readonly fetched = new Fetched(
    this,
    () => this.subject || null,
    (subject, signal) => api.explain(subject, this.limit, signal),
  );

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("subject")) this.limit = page;
    else if (changed.has("version")) this.fetched.refresh();
  }

  protected override render(): TemplateResult {
    const { value } = this.fetched;
    return html`<section class="card" aria-labelledby="explain-title">
      <header>
        <h2 id="explain-title">Why this number</h2>
        <p class="faint legend">
          <span class="down">◀ lowers</span> · <span class="up">lifts ▶</span> · and what it adds
        </p>
      </header>
      ${value ? this.sum(value) : this.waiting()}
    </section>`;
  }

  private waiting(): TemplateResult {
    const { problem } = this.fetched;
    if (problem) return html`<p class="empty">${problem.message}</p>`;
    return html`<ul class="body" aria-busy="true">
      ${Array.from({ length: 6 }, () => html`<li><span class="skeleton"></span></li>`)}
    </ul>`;
  }

  private sum(explanation: Explanation): TemplateResult {
    const { lines, prior, score, points_of_older: older, cursor } = explanation;
    const pulls = pullsOf(explanation);
    const most = Math.max(1e-9, ...pulls.lines.map(Math.abs));
    const total = lines.reduce((sum, { points }) => sum + points, older + (prior?.points ?? 0));
    return html`<div class="body">
      <ul>
        ${repeat(lines, ({ version }) => version, (line, index) => this.line(line, (pulls.lines[index] ?? 0) / most))}
        ${cursor === null ? nothing : this.other("Older events", "further back", older, pulls.older / most)}
        ${prior ? this.other("Starting point", this.outset(prior.value), prior.points, pulls.prior / most) : nothing}
      </ul>
      ${cursor !== null && this.limit < mostLines ? html`<button class="button" type="button" @click=${this.more}>Load older</button>` : nothing}
      <p class="total num" data-total=${total}>
        <span>Together</span><strong>${fixed(score, this.decimals)}</strong>
      </p>
    </div>`;
  }

  private outset(value: number): string {
    return `before anything is known: ${fixed(value, this.decimals)}`;
  }

  private get decimals(): number {
    return this.kind?.scale.decimals ?? 2;
  }

  private line(line: ExplainLine, pull: number): TemplateResult {
    return html`<li data-points=${line.points}>
      <span class="what" title="${line.id ? `${line.id} · ` : ""}${moment(millis(line.at))}">
        <span class="ellipsis">
          ${typeTitle(this.kind, line.type)}
          <span class="num">${given(line.value)}</span>
        </span>
        <span class="faint ellipsis">${line.actor ? `by ${line.actor} · ` : ""}${share(line)}</span>
      </span>
      ${bar(pull)}
      <span class="points num">${signed(line.points, finer(this.decimals))}</span>
    </li>`;
  }

  private other(title: string, note: string, points: number, pull: number): TemplateResult {
    return html`<li data-points=${points}>
      <span class="what"><span>${title}</span><span class="faint ellipsis">${note}</span></span>
      ${bar(pull)}
      <span class="points num">${signed(points, finer(this.decimals))}</span>
    </li>`;
  }

  private more(): void {
    this.limit = Math.min(mostLines, this.limit * 3);
    this.fetched.refresh();
  }

  static override styles = [base, card, controls, skeleton, explainStyles];
}

const share = ({ share: part }: ExplainLine): string =>
  part < 1 ? `weighs ${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %` : "counts in full";

/** A bar from the middle, to the right when it lifts; `pull` of the room there is, fading out beyond 1. */
function bar(pull: number): TemplateResult {
  const width = Math.min(1, Math.abs(pull)) * 50;
  const place = styleMap({ left: `${pull < 0 ? 50 - width : 50}%`, width: `${width}%` });
  const way = pull < 0 ? "down" : "up";
  return html`<span class="bar">
    <i class="${way} ${Math.abs(pull) > 1 ? "over" : ""}" style=${place} aria-hidden="true"></i>
    <span class="unseen">${way === "up" ? "lifts" : "lowers"}</span>
  </span>`;
}
