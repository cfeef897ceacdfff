import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { fixed, moment } from "../data/format.ts";
import type { Activity, HistoryPoint, KindInfo } from "../data/types.ts";
import { base, card, skeleton } from "../styles/shared.ts";
import type { Plot } from "./plot.ts";
import { type Scores, scoresOf } from "./scores.ts";

/** The score over time. The drawing part comes only when a chart is looked at. */
@customElement("rn-score-chart")
export class ScoreChart extends LitElement {
  @property({ attribute: false }) past: readonly HistoryPoint[] | null = null;
  @property({ attribute: false }) fresh: readonly Activity[] = [];
  @property({ attribute: false }) kind: KindInfo | undefined;

  private plot: Plot | undefined;
  private coming = false;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.plot?.end();
    this.plot = undefined;
  }

  protected override render(): TemplateResult {
    const course = this.course();
    return html`<section class="card" aria-labelledby="chart-title">
      <header><h2 id="chart-title">Score over time</h2><p class="readout num soft"></p></header>
      <div class="body">
        <div class="plot" role="img" aria-label=${this.summary(course)}>
          ${this.past ? "" : html`<span class="skeleton"></span>`}
        </div>
        ${course[0].length === 1 ? html`<p class="note faint">One moment so far: a line needs two.</p>` : ""}
      </div>
    </section>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!this.past) return;
    if (this.plot) {
      if (changed.has("past") || changed.has("fresh")) this.plot.show(this.course());
    } else {
      void this.begin();
    }
  }

  /** Fetch the drawing part and begin; while the server is away this is tried again with each change. */
  private async begin(): Promise<void> {
    if (this.coming) return;
    this.coming = true;
    const module = await import("./plot.ts").catch(() => null);
    this.coming = false;
    const place = this.renderRoot.querySelector<HTMLElement>(".plot");
    if (!this.isConnected || !place || !module) return;
    this.plot = new module.Plot(place, this.course(), (at, score) => this.read(at, score));
  }

  private read(at: number | null, score: number | null): void {
    const readout = this.renderRoot.querySelector(".readout");
    if (!readout) return;
    const decimals = this.kind?.scale.decimals ?? 2;
    readout.textContent = at === null || score === null ? "" : `${fixed(score, decimals)} · ${moment(at * 1000)}`;
  }

  private course(): Scores {
    return scoresOf(this.past ?? [], this.fresh);
  }

  private summary([, scores]: Scores): string {
    if (scores.length === 0) return "Score over time: nothing yet";
    const decimals = this.kind?.scale.decimals ?? 2;
    const [first, last] = [scores[0] ?? 0, scores.at(-1) ?? 0].map((score) => fixed(score, decimals));
    const [low, high] = [Math.min(...scores), Math.max(...scores)].map((score) => fixed(score, decimals));
    return `Score over time: from ${first} to ${last}, lowest ${low}, highest ${high}`;
  }

  static override styles = [
    base,
    card,
    skeleton,
    css`
      .card {
        height: 100%;
      }

      .card > .body {
        padding-inline: var(--space-3);
      }

      .readout {
        font-size: var(--text-sm);
      }

      .plot {
        height: 15rem;
      }

      .skeleton {
        display: block;
        height: 100%;
      }

      .note {
        padding-inline: var(--space-2);
        font-size: var(--text-sm);
      }
    `,
  ];
}
