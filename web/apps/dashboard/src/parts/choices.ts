import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base } from "../styles/shared.ts";

export interface Choice {
  value: string;
  label: string;
}

/** One of a few: a row of joined buttons. Fires `choose` with the value as its detail. */
@customElement("rn-choices")
export class Choices extends LitElement {
  @property({ attribute: false }) choices: readonly Choice[] = [];
  @property() value = "";
  @property() label = "";
  /** Go on in further lines where there are many, instead of scrolling. */
  @property({ type: Boolean, reflect: true }) wrap = false;

  protected override render(): TemplateResult {
    return html`<div class="row" role="group" aria-label=${this.label}>
      ${this.choices.map(
        ({ value, label }) =>
          html`<button type="button" aria-pressed=${value === this.value} @click=${() => this.choose(value)}>
            ${label}
          </button>`,
      )}
    </div>`;
  }

  private choose(value: string): void {
    this.dispatchEvent(new CustomEvent("choose", { detail: value }));
  }

  static override styles = [
    base,
    css`
      :host {
        max-width: 100%;
      }

      .row {
        display: flex;
        width: fit-content;
        max-width: 100%;
        padding: 3px;
        gap: 2px;
        overflow-x: auto;
        border-radius: var(--radius-md);
        background: var(--sunken);
        scrollbar-width: none;
      }

      button {
        flex: none;
        padding: 0.3rem 0.7rem;
        border: 0;
        border-radius: 7px;
        background: none;
        color: var(--ink-soft);
        font: 550 var(--text-sm) / 1.3 var(--font);
        cursor: pointer;
        transition: background var(--quick), color var(--quick);
      }

      button:hover {
        color: var(--ink);
      }

      button[aria-pressed="true"] {
        background: var(--raised);
        color: var(--ink);
        box-shadow: var(--shadow), 0 0 0 1px var(--line);
      }

      :host([wrap]) .row {
        flex-wrap: wrap;
        padding: 0;
        gap: var(--space-2);
        background: none;
      }

      :host([wrap]) button {
        padding-block: 0.42rem;
        border: 1px solid var(--line-strong);
        border-radius: 99px;
      }

      :host([wrap]) button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-wash);
        color: var(--accent);
        box-shadow: none;
      }

      button:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];
}
