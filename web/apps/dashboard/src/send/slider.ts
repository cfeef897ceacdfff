import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { base, controls, fields } from "../styles/shared.ts";

/** A number on a scale, as slider and as digits. Fires `slide` with the number, or null when it is taken away. */
@customElement("rn-slider")
export class Slider extends LitElement {
  @property() label = "";
  @property({ type: Number }) min = 0;
  @property({ type: Number }) max = 1;
  @property({ attribute: false }) value: number | null = null;
  @property({ type: Boolean }) optional = false;
  @property({ type: Boolean }) invalid = false;

  protected override render(): TemplateResult {
    const step = this.max - this.min <= 10 ? 0.5 : 1;
    const none = this.value === null;
    return html`<label for="range">${this.label}</label>
      <input
        id="range"
        class=${none ? "none" : ""}
        type="range"
        min=${this.min}
        max=${this.max}
        step=${step}
        aria-valuetext=${none ? "not given" : String(this.value)}
        .value=${String(this.value ?? (this.min + this.max) / 2)}
        @input=${this.slide}
        @pointerdown=${this.begin}
      />
      <input
        class="num"
        type="number"
        step="any"
        aria-label="${this.label} as a number"
        aria-invalid=${this.invalid ? "true" : nothing}
        placeholder="–"
        .value=${none ? "" : String(this.value)}
        @input=${this.slide}
      />
      ${this.optional
        ? html`<button
            class="button quiet"
            type="button"
            ?disabled=${none}
            aria-label="Leave out ${this.label}"
            title="Leave out"
            @click=${() => this.tell(null)}
          >
            ✕
          </button>`
        : nothing}`;
  }

  private slide(event: InputEvent): void {
    const { value } = event.target as HTMLInputElement;
    this.tell(value === "" ? null : Number(value));
  }

  /** A click on the very place where the thumb of an empty slider rests counts too. */
  private begin(event: PointerEvent): void {
    if (this.value === null) this.tell(Number((event.target as HTMLInputElement).value));
  }

  private tell(value: number | null): void {
    this.dispatchEvent(new CustomEvent("slide", { detail: value }));
  }

  static override styles = [
    base,
    controls,
    fields,
    css`
      :host {
        display: grid;
        grid-template-columns: 8rem minmax(0, 1fr) 5rem 1.75rem;
        align-items: center;
        gap: var(--space-2) var(--space-3);
      }

      :host(:not([optional])) {
        grid-template-columns: 8rem minmax(0, 1fr) 5rem;
      }

      .none {
        opacity: 0.4;
      }

      input[type="number"] {
        min-height: 2rem;
        padding-inline: var(--space-2);
        text-align: right;
        appearance: textfield;
      }

      input::-webkit-inner-spin-button {
        display: none;
      }

      .button {
        min-height: 1.75rem;
        padding: 0;
      }

      @media (max-width: 560px) {
        :host,
        :host(:not([optional])) {
          grid-template-columns: 6rem minmax(0, 1fr) 4rem auto;
        }
      }
    `,
  ];
}
