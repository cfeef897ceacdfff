import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, sideways } from "../styles/shared.ts";
import { reveal } from "./reveal.ts";

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
    return html`<div class="row ${this.wrap ? "" : "sideways"}" role="group" aria-label=${this.label}>
      ${this.choices.map(
        ({ value, label }) =>
          html`<button type="button" aria-pressed=${value === this.value} @click=${() => this.choose(value)}>
            ${label}
          </button>`,
      )}
    </div>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("value") && !changed.has("choices")) return;
    reveal(this.renderRoot.querySelector(".row"), this.renderRoot.querySelector("[aria-pressed=true]"));
  }

  private choose(value: string): void {
    this.dispatchEvent(new CustomEvent("choose", { detail: value }));
  }

  static override styles = [
    base,
    sideways,
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
        border-radius: var(--radius-md);
      }

      .sideways {
        --ground: var(--sunken);
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
