import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { styleMap } from "lit/directives/style-map.js";
import * as api from "../data/api.ts";
import { Fetched } from "../data/fetched.ts";
import { fixed, millis, moment, signed, words } from "../data/format.ts";
import { Problem } from "../data/http.ts";
import type { Explanation, ExplainLine, KindInfo } from "../data/types.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { explainStyles } from "./explain.styles.ts";

/** Why the number is what it is: what every event adds to it, until the lines make up the score. */
@customElement("rn-explain")
export class Explain extends LitElement {
  @property() subject = "";
  @property({ type: Number }) version = 0;
  @property({ attribute: false }) kind: KindInfo | undefined;
  @state() private older: readonly Explanation[] = [];
  @state() private problem = "";

  private readonly newest = new Fetched(
    this,
    () => this.subject || null,
    (subject, signal) => api.explain(subject, null, signal),
  );

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("subject")) this.older = [];
    else if (changed.has("version") && this.older.length === 0) this.newest.refresh();
  }

  protected override render(): TemplateResult {
    const first = this.newest.value;
    return html`<section class="card" aria-labelledby="explain-title">
      <header>
        <h2 id="explain-title">Why this number</h2>
        ${first && first.version < this.version && this.older.length > 0
          ? html`<button class="button" type="button" @click=${this.renew}>Show the newest</button>`
          : nothing}
      </header>
      ${first ? this.sum([first, ...this.older]) : this.waiting()}
    </section>`;
  }

  private waiting(): TemplateResult {
    const { problem } = this.newest;
    if (problem) return html`<p class="empty">${problem.message}</p>`;
    return html`<ul class="body" aria-busy="true">
      ${Array.from({ length: 6 }, () => html`<li><span class="skeleton"></span></li>`)}
    </ul>`;
  }

  private sum(pages: readonly Explanation[]): TemplateResult {
    const [first, last] = [pages[0], pages.at(-1)];
    if (!first || !last) return html``;
    const lines = pages.flatMap((page) => page.lines);
    const rest = last.points_of_older;
    const prior = first.prior?.points ?? 0;
    const most = Math.max(...lines.map(({ points }) => Math.abs(points)), Math.abs(rest), Math.abs(prior), 1e-9);
    const least = Math.min(0, rest, prior, ...lines.map(({ points }) => points));
    const zero = least < 0 ? 0.5 : 0;
    const bar = (points: number): TemplateResult => drawn(points / most, zero);
    return html`<div class="body">
      <ul>
        ${repeat(lines, (line) => line.id, (line) => this.line(line, bar))}
        ${rest === 0 ? nothing : this.other("Older events", "", rest, bar)}
        ${first.prior ? this.other("Starting point", this.priorNote(first.prior.value), prior, bar) : nothing}
      </ul>
      ${last.cursor ? html`<button class="button" type="button" @click=${() => this.more(last.cursor)}>Load older</button>` : nothing}
      ${this.problem ? html`<p class="down" role="alert">${this.problem}</p>` : nothing}
      <p class="total num" data-total=${prior + rest + lines.reduce((total, { points }) => total + points, 0)}>
        <span>Together</span><strong>${fixed(first.score, this.decimals)}</strong>
      </p>
    </div>`;
  }

  private get decimals(): number {
    return this.kind?.scale.decimals ?? 2;
  }

  private priorNote(value: number): string {
    return `before anything is known: ${fixed(value, this.decimals)}`;
  }

  private line(line: ExplainLine, bar: (points: number) => TemplateResult): TemplateResult {
    const at = millis(line.at);
    const title = this.kind?.types.find(({ type }) => type === line.type)?.title ?? words(line.type);
    return html`<li data-points=${line.points}>
      <span class="what" title="${line.id} · ${moment(at)}">
        <span class="ellipsis">${title} <span class="num">${signedValue(line.value)}</span></span>
        <span class="faint ellipsis">${line.actor ? `by ${line.actor} · ` : ""}${share(line.share)}</span>
      </span>
      ${bar(line.points)}
      <span class="points num">${signed(line.points, this.decimals + 1)}</span>
    </li>`;
  }

  private other(title: string, note: string, points: number, bar: (points: number) => TemplateResult): TemplateResult {
    return html`<li class="other" data-points=${points}>
      <span class="what"><span>${title}</span><span class="faint ellipsis">${note}</span></span>
      ${bar(points)}
      <span class="points num">${signed(points, this.decimals + 1)}</span>
    </li>`;
  }

  private async more(cursor: string | null): Promise<void> {
    try {
      this.older = [...this.older, await api.explain(this.subject, cursor)];
      this.problem = "";
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error.message;
    }
  }

  private renew(): void {
    this.older = [];
    this.newest.refresh();
  }

  static override styles = [base, card, controls, skeleton, explainStyles];
}

const signedValue = (value: number): string => String(Number(value.toFixed(2))).replace("-", "\u2212");

const share = (part: number): string => `weighs ${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;

/** A bar from the zero line to the left or to the right; `part` is −1…1 of the room there is. */
function drawn(part: number, zero: number): TemplateResult {
  const room = 1 - zero;
  const width = Math.abs(part) * room * 100;
  const left = part < 0 ? zero * 100 - width : zero * 100;
  return html`<span class="bar ${zero > 0 ? "centred" : ""}" aria-hidden="true"
    ><i class=${part < 0 ? "less" : "more"} style=${styleMap({ left: `${left}%`, width: `${width}%` })}></i
  ></span>`;
}
