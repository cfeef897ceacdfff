import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { position } from "../data/format.ts";
import { base } from "../styles/shared.ts";

/** Where a score and its bounds lie on their scale. Decorative: the same is said in words beside it. */
@customElement("rn-bounds")
export class Bounds extends LitElement {
  @property({ type: Number }) score = 0;
  @property({ type: Number }) low = 0;
  @property({ type: Number }) high = 0;
  @property({ attribute: false }) axis: readonly [number, number] = [0, 1];

  protected override render(): TemplateResult {
    const [from, to, at] = [this.low, this.high, this.score].map((value) => position(value, this.axis) * 100);
    const band = styleMap({ left: `${from}%`, width: `${(to ?? 0) - (from ?? 0)}%` });
    return html`<div class="track" aria-hidden="true">
      <div class="band" style=${band}></div>
      <div class="mark" style=${styleMap({ left: `${at}%` })}></div>
    </div>`;
  }

  static override styles = [
    base,
    css`
      .track {
        position: relative;
        height: var(--bounds-height, 4px);
        border-radius: 99px;
        background: var(--line);
      }

      .band,
      .mark {
        position: absolute;
        top: 0;
        height: 100%;
        border-radius: 99px;
        transition: left var(--calm) var(--ease), width var(--calm) var(--ease);
      }

      .band {
        min-width: 2px;
        background: color-mix(in oklab, var(--accent) 45%, transparent);
      }

      .mark {
        top: -50%;
        width: max(3px, calc(var(--bounds-height, 4px) * 0.5));
        height: 200%;
        margin-left: calc(max(3px, var(--bounds-height, 4px) * 0.5) / -2);
        background: var(--accent);
      }

      @media (forced-colors: active) {
        .track {
          border: 1px solid CanvasText;
        }

        .band,
        .mark {
          background: Highlight;
        }
      }
    `,
  ];
}
