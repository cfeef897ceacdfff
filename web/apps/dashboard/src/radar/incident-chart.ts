import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { brief, count, millis, moment } from "../data/format.ts";
import type { Incident } from "../data/review.ts";
import { base } from "../styles/shared.ts";

const width = 220;
const height = 48;
const ground = height - 1;
const daily = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** How an incident came about: a bar for each day or each event, and a line at what was to be expected. */
@customElement("rn-incident-chart")
export class IncidentChart extends LitElement {
  @property({ attribute: false }) incident: Incident | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { incident } = this;
    if (!incident || incident.course.length === 0) return nothing;
    const { course, per } = incident;
    const usual = this.usual(incident);
    const most = Math.max(1, usual ?? 0, ...course.map((point) => point.count)) * 1.08;
    const y = (value: number): number => ground - (value / most) * (height - 4);
    const room = width / Math.max(course.length, 8);
    const from = millis(incident.since);
    return html`<figure>
      <svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label=${this.words(incident)}>
        ${course.map((point, index) => {
          const x = width - (course.length - index) * room;
          const high = Math.max(point.count > 0 ? 1.5 : 0, ground - y(point.count));
          const begun = millis(point.at) + (per === "day" ? 86_400_000 : 1) > from;
          return svg`<rect class="bar ${begun ? "alarm" : ""} ${incident.open ? "" : "over"}" x=${x + room * 0.12} width=${room * 0.76} y=${ground - high} height=${high}>
            <title>${count(point.count)} · ${per === "day" ? daily.format(millis(point.at)) : moment(millis(point.at))}</title>
          </rect>`;
        })}
        ${usual === null ? nothing : svg`<line class="usual" x1="0" x2=${width} y1=${y(usual)} y2=${y(usual)} />`}
        <line class="ground" x1="0" x2=${width} y1=${ground} y2=${ground} />
      </svg>
      <figcaption class="faint num" aria-hidden="true">
        <span>${per === "day" ? `${course.length} days` : course.length === 1 ? "one event" : `last ${course.length} events`}</span>
        ${usual === null ? nothing : html`<span><i></i>${brief(usual)} expected${per === "day" ? " a day" : ""}</span>`}
      </figcaption>
    </figure>`;
  }

  /** What was to be expected in one bar. */
  private usual({ expected, days, per }: Incident): number | null {
    if (expected === null) return null;
    return per === "day" ? expected / Math.max(1, days) : expected;
  }

  private words({ course, per }: Incident): string {
    const last = course.at(-1)?.count ?? 0;
    const before = course.slice(0, -1).reduce((sum, point) => sum + point.count, 0);
    return per === "day"
      ? `${count(last)} today, ${count(before)} in the ${count(course.length - 1)} days before`
      : `from ${count(course[0]?.count ?? 0)} to ${count(last)} over ${count(course.length)} events`;
  }

  static override styles = [
    base,
    css`
      svg {
        display: block;
        width: 100%;
        height: ${height}px;
        overflow: visible;
      }

      .bar {
        fill: var(--ink-faint);
        opacity: 0.55;
      }

      .bar.alarm {
        fill: var(--down);
        opacity: 0.9;
      }

      .bar.over {
        opacity: 0.45;
      }

      line {
        vector-effect: non-scaling-stroke;
      }

      .ground {
        stroke: var(--line-strong);
      }

      .usual,
      i {
        stroke: var(--ink-soft);
        stroke-dasharray: 4 3;
      }

      figcaption {
        display: flex;
        justify-content: space-between;
        gap: var(--space-3);
        margin-top: 3px;
        font-size: var(--text-xs);
        white-space: nowrap;
      }

      i {
        display: inline-block;
        width: 1rem;
        margin-right: 0.35em;
        border-top: 1px dashed var(--ink-soft);
        vertical-align: middle;
      }
    `,
  ];
}
