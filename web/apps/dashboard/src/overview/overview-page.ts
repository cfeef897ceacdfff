import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Info } from "../data/types.ts";
import { base } from "../styles/shared.ts";
import "./board.ts";
import "./feed.ts";
import "./key-figures.ts";

@customElement("rn-overview")
export class OverviewPage extends LitElement {
  @property({ attribute: false }) info: Info | null = null;

  @state() private alerts = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void import("../radar/alerts.ts").then(() => (this.alerts = true)).catch(() => undefined);
  }

  protected override render(): TemplateResult {
    return html`<h1 class="unseen">Overview</h1>
      <rn-key-figures .info=${this.info}></rn-key-figures>
      <div class="columns">
        <rn-board .info=${this.info}></rn-board>
        <rn-feed .info=${this.info}></rn-feed>
      </div>
      ${this.alerts ? html`<rn-alerts .info=${this.info}></rn-alerts>` : nothing}`;
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
