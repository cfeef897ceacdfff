import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { fixed } from "../data/format.ts";
import { base } from "../styles/shared.ts";
import { still } from "./motion.ts";

const duration = 500;

/** A number that rolls from its old to its new value once, and never replays what lay between. */
@customElement("rn-rolling")
export class Rolling extends LitElement {
  @property({ type: Number }) value = 0;
  @property({ type: Number }) decimals = 2;
  @state() private shown = 0;
  private handle = 0;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("value")) return;
    cancelAnimationFrame(this.handle);
    if (changed.get("value") === undefined || still()) this.shown = this.value;
    else this.roll(this.shown, performance.now());
  }

  protected override render(): TemplateResult {
    return html`<span class="num" aria-hidden="true">${fixed(this.shown, this.decimals)}</span>
      <span class="unseen">${fixed(this.value, this.decimals)}</span>`;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    cancelAnimationFrame(this.handle);
    this.shown = this.value;
  }

  private roll(from: number, start: number): void {
    const step = (now: number): void => {
      const part = Math.min(1, Math.max(0, (now - start) / duration));
      this.shown = from + (this.value - from) * (1 - (1 - part) ** 3);
      if (part < 1) this.handle = requestAnimationFrame(step);
    };
    this.handle = requestAnimationFrame(step);
  }

  static override styles = [
    base,
    css`
      :host {
        display: inline-block;
        position: relative;
      }
    `,
  ];
}
