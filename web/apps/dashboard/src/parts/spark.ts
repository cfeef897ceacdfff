import { css, html, LitElement, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base } from "../styles/shared.ts";

const width = 96;
const height = 28;
const inset = 3;

/** A line without axes: which way a number has been going. */
@customElement("rn-spark")
export class Spark extends LitElement {
  @property({ attribute: false }) values: readonly number[] = [];

  protected override render(): TemplateResult {
    const points = this.points();
    const last = points.at(-1);
    return html`<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
      ${last && svg`<polyline points=${points.map((point) => point.join()).join(" ")} />`}
      ${last && svg`<circle cx=${last[0] ?? 0} cy=${last[1] ?? 0} r="2.2" />`}
    </svg>`;
  }

  private points(): number[][] {
    const { values } = this;
    if (values.length < 2) return [];
    const low = Math.min(...values);
    const room = Math.max(...values) - low;
    return values.map((value, index) => [
      inset + (index / (values.length - 1)) * (width - 2 * inset),
      room === 0 ? height / 2 : height - inset - ((value - low) / room) * (height - 2 * inset),
    ]);
  }

  static override styles = [
    base,
    css`
      :host {
        width: ${width}px;
        height: ${height}px;
      }

      svg {
        display: block;
        width: 100%;
        height: 100%;
        overflow: visible;
      }

      polyline {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.5;
        stroke-linejoin: round;
        stroke-linecap: round;
        opacity: 0.75;
        vector-effect: non-scaling-stroke;
      }

      circle {
        fill: var(--accent);
      }
    `,
  ];
}
