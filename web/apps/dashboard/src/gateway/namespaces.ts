import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { brief, count } from "../data/format.ts";
import { type GatewayView, Growth } from "../data/gateway.ts";
import { base, card } from "../styles/shared.ts";
import { tables } from "./tables.ts";

/** What is watched and what is sent, by the namespace of the channels. */
@customElement("rn-namespaces")
export class Namespaces extends LitElement {
  @property({ attribute: false, hasChanged: () => true }) view: GatewayView | null = null;
  @property({ attribute: false }) growth = new Growth();

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="namespaces">
      <header><h2 id="namespaces">Channels by namespace</h2></header>
      ${this.view === null ? nothing : this.view.namespaces.length === 0 ? empty : this.table(this.view)}
    </section>`;
  }

  private table({ namespaces }: GatewayView): TemplateResult {
    return html`<div class="scroll">
      <table>
        <thead>
          <tr><th scope="col">Namespace</th><th scope="col" class="number">Subscriptions</th><th scope="col" class="number">Publications</th><th scope="col" class="number">per second</th></tr>
        </thead>
        <tbody>
          ${namespaces.map(
            ({ namespace, subscriptions, publications }) => html`<tr>
              <th scope="row">${namespace || html`<span class="faint">without one</span>`}</th>
              <td class="number num">${count(subscriptions)}</td>
              <td class="number num">${count(publications)}</td>
              <td class="number num">${brief(this.growth.perSecond(`in ${namespace}`))}</td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  static override styles = [base, card, tables];
}

const empty = html`<p class="empty"><strong>Nothing is watched</strong> Namespaces show up with their first subscription.</p>`;
