import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { count, plural, size } from "../data/format.ts";
import type { GatewayView } from "../data/gateway.ts";
import { base, card } from "../styles/shared.ts";
import { tables } from "./tables.ts";

/** What goes wrong: connections the server closed, those that do not read, users who reconnect in a loop. */
@customElement("rn-endings")
export class Endings extends LitElement {
  @property({ attribute: false }) view: GatewayView | null = null;

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="endings">
      <header><h2 id="endings">Trouble</h2></header>
      <div class="scroll">${this.view === null ? nothing : this.parts(this.view)}</div>
    </section>`;
  }

  private parts({ closes, queues, loops }: GatewayView): TemplateResult {
    return html`<h3>Waiting to be sent</h3>
      <p class="quiet num">
        ${queues.total === 0
          ? "Nothing: everybody reads as fast as we write."
          : html`<strong>${size(queues.total)}</strong> for ${plural(queues.waiting, "connection")}, ${size(queues.largest)} for the slowest`}
        ${queues.slow > 0 ? html`<span class="chip gold">${count(queues.slow)} slow</span>` : nothing}
      </p>
      <h3>Closed by the server</h3>
      ${closes.length === 0
        ? html`<p class="quiet">None yet.</p>`
        : html`<table>
            <thead class="unseen"><tr><th scope="col">Code</th><th scope="col">Reason</th><th scope="col">Connections</th></tr></thead>
            <tbody>
              ${closes.map(
                ({ code, reason, count: number }) => html`<tr>
                  <th scope="row" class="num">${code}</th><td>${reason}</td><td class="number num">${count(number)}</td>
                </tr>`,
              )}
            </tbody>
          </table>`}
      <h3>Users in reconnect loops</h3>
      ${loops.length === 0
        ? html`<p class="quiet">Nobody.</p>`
        : html`<ul>
            ${loops.map(({ user, connects }) => html`<li><span class="chip gold">${user || "anonymous"}</span> <span class="faint num">${plural(connects, "connect")} within a minute</span></li>`)}
          </ul>`}`;
  }

  static override styles = [
    base,
    card,
    tables,
    css`
      ul {
        display: grid;
        gap: var(--space-1);
        padding: var(--space-1) var(--space-2);
        font-size: var(--text-sm);
      }

      .chip {
        padding: 0.1rem 0.5rem;
        border-radius: 99px;
        background: var(--gold-wash);
        color: var(--gold);
        font-size: var(--text-xs);
        font-weight: 550;
      }
    `,
  ];
}
