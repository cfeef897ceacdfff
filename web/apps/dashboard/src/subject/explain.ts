import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import { finer, fixed, given, millis, moment, signed, typeTitle } from "../data/format.ts";
import type { Problem } from "../data/http.ts";
import type { Explanation, ExplainLine, KindInfo } from "../data/types.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { pullsOf } from "../data/pulls.ts";
import { explainStyles } from "./explain.styles.ts";

/**
 * Why the number is what it is: what every event adds to it, until the lines make up the score. Fires `older` when
 * more of them are wanted.
 */
@customElement("rn-explain")
export class Explain extends LitElement {
  @property({ attribute: false }) explanation: Explanation | null = null;
  @property({ attribute: false }) problem: Problem | null = null;
  @property({ attribute: false }) kind: KindInfo | undefined;
  /** Whether more lines can be had, where there are more. */
  @property({ type: Boolean }) more = false;

  protected override render(): TemplateResult {
    const { explanation } = this;
    return html`<section class="card" aria-labelledby="explain-title">
      <header>
        <h2 id="explain-title">Why this number</h2>
        <p class="faint legend">
          <span class="down">◀ lowers</span> · <span class="up">lifts ▶</span> · and what it adds
        </p>
      </header>
      ${explanation ? this.sum(explanation) : this.waiting()}
    </section>`;
  }

  private waiting(): TemplateResult {
    const { problem } = this;
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
      ${cursor !== null && this.more ? html`<button class="button" type="button" @click=${this.older}>Load older</button>` : nothing}
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

  private older(): void {
    this.dispatchEvent(new CustomEvent("older"));
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
