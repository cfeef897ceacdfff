import { css, html, LitElement, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base } from "../styles/shared.ts";

const width = 240;
const height = 40;
/** Below this the line lies flat on the ground instead of making mountains of molehills. */
const least = 4;

/** The course of a quantity over the last minutes, from zero up; it fills the width it is given. */
@customElement("rn-course")
export class Course extends LitElement {
  @property({ attribute: false }) values: readonly number[] = [];

  protected override render(): TemplateResult {
    const line = this.line();
    return html`<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
      ${line && svg`<path class="area" d="${line}L${width},${height}L0,${height}Z" /><path class="line" d=${line} />`}
    </svg>`;
  }

  private line(): string {
    const { values } = this;
    if (values.length < 2) return "";
    const most = Math.max(least, ...values);
    const points = values.map((value, index) => {
      const x = (index / (values.length - 1)) * width;
      const y = height - 1 - (value / most) * (height - 3);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    return `M${points.join("L")}`;
  }

  static override styles = [
    base,
    css`
      :host {
        height: ${height}px;
      }

      svg {
        display: block;
        width: 100%;
        height: 100%;
      }

      .line {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.5;
        stroke-linejoin: round;
        vector-effect: non-scaling-stroke;
      }

      .area {
        fill: var(--accent);
        opacity: 0.12;
      }
    `,
  ];
}
