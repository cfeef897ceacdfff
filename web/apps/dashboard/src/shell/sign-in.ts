import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { signIn } from "../data/session.ts";
import { base, card, controls, fields } from "../styles/shared.ts";

/** Asks for an API key where the server wants one. */
@customElement("rn-sign-in")
export class SignIn extends LitElement {
  /** Why the last key was not good, or empty. */
  @property() problem = "";

  protected override render(): TemplateResult {
    return html`<form class="card" @submit=${this.submit}>
      <h1>Sign in</h1>
      <p class="soft">This server asks for an API key with the scopes <code>read</code> and <code>tokens</code>.</p>
      <label for="key">API key</label>
      <input
        id="key"
        type="password"
        autocomplete="off"
        spellcheck="false"
        placeholder="rk_…"
        required
        aria-invalid=${this.problem ? "true" : nothing}
        aria-describedby="problem"
      />
      <p class="down" id="problem" role="alert">${this.problem}</p>
      <button class="button primary" type="submit">Sign in</button>
      <p class="faint">The key is kept in this tab only and forgotten when you close it.</p>
    </form>`;
  }

  private submit(event: SubmitEvent): void {
    event.preventDefault();
    const secret = this.renderRoot.querySelector("input")?.value.trim();
    if (secret) signIn(secret);
  }

  static override styles = [
    base,
    card,
    controls,
    fields,
    css`
      form {
        display: grid;
        gap: var(--space-3);
        max-width: 26rem;
        margin: 8vh auto;
        padding: var(--space-6);
      }

      h1 {
        font-size: var(--text-xl);
        letter-spacing: -0.02em;
      }

      #problem:empty {
        display: none;
      }

      .faint {
        font-size: var(--text-sm);
      }

      code {
        font-family: var(--mono);
        font-size: 0.9em;
      }
    `,
  ];
}
