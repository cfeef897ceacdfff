import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Info } from "../data/types.ts";
import { base } from "../styles/shared.ts";
import "./board.ts";
import "./feed.ts";
import "./key-figures.ts";

@customElement("rn-overview")
export class OverviewPage extends LitElement {
  @property({ attribute: false }) info: Info | null = null;

  protected override render(): TemplateResult {
    return html`<h1 class="unseen">Overview</h1>
      <rn-key-figures .info=${this.info}></rn-key-figures>
      <div class="columns">
        <rn-board .info=${this.info}></rn-board>
        <rn-feed .info=${this.info}></rn-feed>
      </div>`;
  }

  static override styles = [
    base,
    css`
      :host {
        display: grid;
        gap: var(--space-5);
      }

      .columns {
        display: grid;
        grid-template-columns: minmax(0, 7fr) minmax(0, 5fr);
        gap: var(--space-5);
      }

      @media (max-width: 1000px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
      }

      @media (max-width: 560px) {
        :host,
        .columns {
          gap: var(--space-4);
        }
      }
    `,
  ];
}
