import { css, html, LitElement, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { base, controls } from "../styles/shared.ts";
import { applyTheme, nextTheme, type Theme, theme } from "../theme.ts";

const icons: Record<Theme, SVGTemplateResult> = {
  auto: svg`<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 2.5a5.5 5.5 0 0 1 0 11z" fill="currentColor"/>`,
  light: svg`<circle cx="8" cy="8" r="3" fill="currentColor"/><path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/>`,
  dark: svg`<path d="M13.5 9.8A5.8 5.8 0 0 1 6.2 2.5a5.8 5.8 0 1 0 7.3 7.3z" fill="currentColor"/>`,
};

const names: Record<Theme, string> = { auto: "as the system", light: "light", dark: "dark" };

@customElement("rn-theme-button")
export class ThemeButton extends LitElement {
  @state() private chosen: Theme = theme();

  protected override render(): TemplateResult {
    const label = `Colours: ${names[this.chosen]}. Change to ${names[nextTheme(this.chosen)]}`;
    return html`<button class="button quiet" type="button" aria-label=${label} title=${label} @click=${this.turn}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${icons[this.chosen]}</svg>
    </button>`;
  }

  private turn(): void {
    this.chosen = nextTheme(this.chosen);
    applyTheme(this.chosen);
  }

  static override styles = [
    base,
    controls,
    css`
      .button {
        width: 2.25rem;
        padding: 0;
      }
    `,
  ];
}
