import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { base, controls } from "../styles/shared.ts";

/** A line of code with a button that copies it. */
@customElement("rn-copy")
export class Copy extends LitElement {
  @property() text = "";
  @property() label = "";
  @state() private copied = false;

  protected override render(): TemplateResult {
    return html`<div class="box">
      <pre tabindex="0" aria-label=${this.label}><code>${this.text}</code></pre>
      <button class="button" type="button" @click=${this.copy} aria-label="Copy: ${this.label}">
        ${this.copied ? "Copied" : "Copy"}
      </button>
      <span class="unseen" role="status">${this.copied ? "Copied to the clipboard" : ""}</span>
    </div>`;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text);
    } catch {
      this.select();
      return;
    }
    this.copied = true;
    setTimeout(() => (this.copied = false), 1_600);
  }

  /** Where the page may not write to the clipboard, mark the text so that one key press copies it. */
  private select(): void {
    const code = this.renderRoot.querySelector("code");
    if (code) getSelection()?.selectAllChildren(code);
  }

  static override styles = [
    base,
    controls,
    css`
      .box {
        display: flex;
        align-items: flex-start;
        gap: var(--space-2);
        padding: var(--space-2);
        border: 1px solid var(--line);
        border-radius: var(--radius-md);
        background: var(--sunken);
      }

      pre {
        flex: 1;
        min-width: 0;
        margin: 0;
        padding: var(--space-2);
        overflow-x: auto;
        color: var(--ink);
        font: 450 var(--text-sm) / 1.6 var(--mono);
      }
    `,
  ];
}
