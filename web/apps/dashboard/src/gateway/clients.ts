import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { count, words } from "../data/format.ts";
import type { Connections, GatewayView } from "../data/gateway.ts";
import { base, card } from "../styles/shared.ts";
import { tables } from "./tables.ts";

const protocols: Record<string, string> = { json: "JSON", protobuf: "Protobuf" };
const transports: Record<string, string> = { websocket: "WebSocket", http_stream: "HTTP stream", sse: "SSE", asgi: "WebSocket, mounted" };

/** Who is connected now, by how. */
@customElement("rn-clients")
export class Clients extends LitElement {
  @property({ attribute: false }) view: GatewayView | null = null;

  protected override render(): TemplateResult {
    return html`<section class="card" aria-labelledby="clients">
      <header><h2 id="clients">Connected now</h2></header>
      ${this.view === null ? nothing : this.view.connections.length === 0 ? empty : this.table(this.view.connections)}
    </section>`;
  }

  private table(connections: readonly Connections[]): TemplateResult {
    const all = connections.reduce((sum, each) => sum + each.count, 0);
    return html`<div class="scroll">
      <table>
        <thead>
          <tr><th scope="col">Transport</th><th scope="col">Protocol</th><th scope="col">Client</th><th scope="col" class="number">Connections</th><th class="share"><span class="unseen">Share</span></th></tr>
        </thead>
        <tbody>
          ${connections.map(
            (each) => html`<tr>
              <th scope="row">${transports[each.transport] ?? words(each.transport)}</th>
              <td>${protocols[each.protocol] ?? each.protocol}</td>
              <td>${each.sdk || html`<span class="faint">unnamed</span>`} <span class="faint num">${each.version}</span></td>
              <td class="number num">${count(each.count)}</td>
              <td class="share"><i style=${styleMap({ width: `${(each.count / all) * 100}%` })}></i></td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  static override styles = [base, card, tables];
}

const empty = html`<p class="empty"><strong>Nobody is connected</strong> Widgets, dashboards and SDKs show up here.</p>`;
