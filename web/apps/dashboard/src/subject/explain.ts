import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import * as api from "../data/api.ts";
import { Fetched } from "../data/fetched.ts";
import { fixed, millis, moment, signed, typeTitle } from "../data/format.ts";
import type { Explanation, ExplainLine, KindInfo } from "../data/types.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { explainStyles } from "./explain.styles.ts";

const page = 12;
const mostLines = 500;
/** Closer to the score than this part of the scale, a value neither lifts nor lowers it. */
const near = 0.05;

type Way = "up" | "same" | "down" | "other";
type Bar = (points: number, way: Way) => TemplateResult;

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
          what each event adds · <span class="up" aria-hidden="true">▲</span> lifts · <span class="down" aria-hidden="true">▼</span> lowers
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
    const start = prior?.points ?? 0;
    const all = [older, start, ...lines.map(({ points }) => points)];
    const most = Math.max(1e-9, ...(lines.length > 0 ? lines.map(({ points }) => points) : all).map(Math.abs));
    const bar: Bar = (points, way) => drawn(points / most, all.some((each) => each < 0) ? 0.5 : 0, way);
    return html`<div class="body">
      <ul>
        ${repeat(lines, ({ id }) => id, (line) => this.line(line, score, bar))}
        ${cursor === null ? nothing : this.other("Older events", html`further back`, older, bar)}
        ${prior ? this.other("Starting point", html`before anything is known: <span class="num">${fixed(prior.value, this.decimals)}</span>`, start, bar) : nothing}
      </ul>
      ${cursor !== null && this.limit < mostLines ? html`<button class="button" type="button" @click=${this.more}>Load older</button>` : nothing}
      <p class="total num" data-total=${all.reduce((total, points) => total + points, 0)}>
        <span>Together</span><strong>${fixed(score, this.decimals)}</strong>
      </p>
    </div>`;
  }

  private get decimals(): number {
    return this.kind?.scale.decimals ?? 2;
  }

  private line(line: ExplainLine, score: number, bar: Bar): TemplateResult {
    const title = typeTitle(this.kind, line.type);
    const way = this.wayOf(line, score);
    return html`<li data-points=${line.points}>
      <span class="what" title="${line.id} · ${moment(millis(line.at))}">
        <span class="ellipsis">
          ${title} <span class="num">${fixed(line.value, Number.isInteger(line.value) ? 0 : 1)}</span>
          ${arrows[way]}
        </span>
        <span class="faint ellipsis">${line.actor ? `by ${line.actor} · ` : ""}${share(line)}</span>
      </span>
      ${bar(line.points, way)}
      <span class="points num">${signed(line.points, this.finer)}</span>
    </li>`;
  }

  /** A mean is lifted by what lies above it and lowered by what lies below; of points the sign says it. */
  private wayOf({ value, points, share: part }: ExplainLine, score: number): Way {
    const { min, max } = this.kind?.scale ?? { min: 0, max: 1 };
    const apart = part < 1 ? (value - score) / (max - min) : points;
    if (Math.abs(apart) < near) return "same";
    return apart > 0 ? "up" : "down";
  }

  private other(title: string, note: TemplateResult, points: number, bar: Bar): TemplateResult {
    return html`<li data-points=${points}>
      <span class="what"><span>${title}</span><span class="faint ellipsis">${note}</span></span>
      ${bar(points, "other")}
      <span class="points num">${signed(points, this.finer)}</span>
    </li>`;
  }

  /** Parts are shown one digit finer than a score with decimals, so that small ones are not nothing. */
  private get finer(): number {
    return this.decimals === 0 ? 0 : this.decimals + 1;
  }

  private more(): void {
    this.limit = Math.min(mostLines, this.limit * 3);
    this.fetched.refresh();
  }

  static override styles = [base, card, controls, skeleton, explainStyles];
}

const arrows: Partial<Record<Way, TemplateResult>> = {
  up: html`<span class="way up" title="lifts the score"><span aria-hidden="true">▲</span><span class="unseen">lifts</span></span>`,
  down: html`<span class="way down" title="lowers the score"><span aria-hidden="true">▼</span><span class="unseen">lowers</span></span>`,
};

const share = ({ share: part }: ExplainLine): string =>
  part < 1 ? `weighs ${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %` : "counts in full";

/** A bar from the zero line to the left or to the right; `part` of the room there is, fading out beyond 1. */
function drawn(part: number, zero: number, way: Way): TemplateResult {
  const over = Math.abs(part) > 1;
  const width = Math.min(1, Math.abs(part)) * (1 - zero) * 100;
  const left = part < 0 ? zero * 100 - width : zero * 100;
  return html`<span class="bar ${zero > 0 ? "centred" : ""}" aria-hidden="true"
    ><i class="${way} ${over ? "over" : ""}" style=${styleMap({ left: `${left}%`, width: `${width}%` })}></i
  ></span>`;
}
