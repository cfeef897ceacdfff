import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { axis, fixed, plural } from "../data/format.ts";
import { Frame } from "../data/frame.ts";
import { Ranks } from "../data/ranks.ts";
import { Ticker } from "../data/ticker.ts";
import type { Board, BoardRow, Info, KindInfo } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import "../parts/bounds.ts";
import "../parts/choices.ts";
import { flash, Flip } from "../parts/motion.ts";
import "../parts/spark.ts";
import { bounds, name, tier, wordStyles } from "../parts/words.ts";
import { toSend, toSubject } from "../router.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { boardStyles } from "./board.styles.ts";
import { Sparks } from "./sparks.ts";

const shown = 10;

/** The best of a kind, live: rows glide when they change places, scores flash when they change. */
@customElement("rn-board")
export class BoardCard extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @state() private kind = "";
  @state() private rows: readonly BoardRow[] | null = null;

  private readonly ranks = new Ranks();
  private readonly flip = new Flip();
  private readonly sparks = new Sparks(() => this.redraw.ask());
  private readonly redraw = new Frame(() => this.requestUpdate());
  private readonly connection = new WatchState(this);
  private readonly ticker = new Ticker(this, 5_000);
  private pending: readonly BoardRow[] | null = null;
  private moved = new Map<string, number>();

  constructor() {
    super();
    new Watch<Board>(this, () => (this.kind ? `board:${this.kind}` : null), {
      data: ({ rows }) => (this.pending = rows.slice(0, shown)),
      settled: () => (this.pending ??= this.rows ?? []),
    });
  }

  private get chosen(): KindInfo | undefined {
    return this.info?.kinds.find(({ kind }) => kind === this.kind);
  }

  protected override willUpdate(): void {
    if (!this.kind && this.info) this.kind = busiest(this.info);
    if (!this.pending) return;
    if (this.rows && reordered(this.rows, this.pending)) this.flip.first(this.renderRoot);
    this.moved = changes(this.rows, this.pending);
    for (const row of this.pending) if (this.moved.has(row.subject)) this.sparks.push(row.subject, row.score);
    this.ranks.record(this.pending, Date.now());
    this.rows = this.pending;
    this.pending = null;
  }

  protected override render(): TemplateResult {
    const kinds = this.info?.kinds ?? [];
    return html`<section class="card" aria-labelledby="board-title">
      <header>
        <h2 id="board-title">Top standings</h2>
        <rn-choices
          label="Kind of subject on the board"
          .choices=${kinds.map(({ kind }) => ({ value: kind, label: kind }))}
          .value=${this.kind}
          @choose=${this.choose}
        ></rn-choices>
      </header>
      ${this.list()}
    </section>`;
  }

  protected override updated(changed: PropertyValues): void {
    this.flip.play(this.renderRoot);
    if (!changed.has("rows")) return;
    for (const [subject, way] of this.moved) {
      const cell = this.renderRoot.querySelector(`[data-key="${CSS.escape(subject)}"] .score`);
      if (cell) flash(cell, way);
    }
    this.moved.clear();
  }

  private list(): TemplateResult {
    if (this.rows === null) return html`<ol aria-busy="true">${Array.from({ length: shown }, skeletonRow)}</ol>`;
    if (this.rows.length === 0) {
      return html`<div class="empty">
        <p><strong>Nobody here yet</strong> Subjects appear once there is enough evidence for a firm number.</p>
        ${this.info?.dev && this.info.may.send ? html`<a class="button" href=${toSend(`${this.kind}:42`)}>Send an event</a>` : nothing}
      </div>`;
    }
    return html`<ol class=${this.connection.stale ? "stale" : ""}>
      ${repeat(this.rows, (row) => row.subject, (row) => this.row(row))}
    </ol>`;
  }

  private row(row: BoardRow): TemplateResult {
    const scale = this.chosen?.scale;
    const decimals = scale?.decimals ?? 2;
    return html`<li data-key=${row.subject}>
      <a href=${toSubject(row.subject)}>
        <span class="rank num"><span class="unseen">Rank </span>${row.rank}${this.movement(row.subject)}</span>
        <span class="who">
          ${name(row.subject)}
          <span class="sub">${row.tier ? tier(row.tier) : nothing}<span class="faint num">${plural(row.count, "event")}</span></span>
        </span>
        <rn-spark .values=${this.sparks.of(row.subject)}></rn-spark>
        <span class="score num" title="Between ${bounds(row.low, row.high, decimals)}">
          <span class="value">${fixed(row.score, decimals)}</span>
          <rn-bounds .score=${row.score} .low=${row.low} .high=${row.high} .axis=${this.axis(row)}></rn-bounds>
        </span>
      </a>
    </li>`;
  }

  private axis(row: BoardRow): readonly [number, number] {
    const rows = this.rows ?? [row];
    return axis(this.chosen?.scale, Math.max(...rows.map(({ high }) => high)));
  }

  private movement(subject: string): TemplateResult {
    const places = this.ranks.moved(subject, this.ticker.now);
    if (places === 0) return html`<span class="move"></span>`;
    const words = `${places > 0 ? "up" : "down"} ${plural(Math.abs(places), "place")} within a minute`;
    return html`<span class="move ${places > 0 ? "up" : "down"}" title=${words}
      ><span aria-hidden="true">${places > 0 ? "\u25b2" : "\u25bc"}${Math.abs(places)}</span
      ><span class="unseen">, ${words}</span></span
    >`;
  }

  private choose(event: CustomEvent<string>): void {
    this.kind = event.detail;
    this.rows = null;
    this.ranks.clear();
  }

  static override styles = [base, card, controls, skeleton, wordStyles, boardStyles];
}

const busiest = (info: Info): string =>
  info.kinds.reduce((best, kind) => (kind.subjects > best.subjects ? kind : best)).kind;

const reordered = (old: readonly BoardRow[], rows: readonly BoardRow[]): boolean =>
  rows.some((row, index) => old[index]?.subject !== row.subject);

function changes(old: readonly BoardRow[] | null, rows: readonly BoardRow[]): Map<string, number> {
  const before = new Map(old?.map((row) => [row.subject, row.score]));
  const changed = new Map<string, number>();
  for (const { subject, score } of rows) {
    const way = score - (before.get(subject) ?? score);
    if (way !== 0) changed.set(subject, way);
  }
  return changed;
}

const skeletonRow = (): TemplateResult => html`<li class="waiting"><span class="skeleton"></span></li>`;
