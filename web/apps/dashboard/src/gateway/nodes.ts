import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { ago, count, duration } from "../data/format.ts";
import type { GatewayView, Node } from "../data/gateway.ts";
import { base, card } from "../styles/shared.ts";
import { tables } from "./tables.ts";

/** Seconds after which figures of a process are called old: it should have answered. */
const late = 1;

/** The processes whose figures the page adds up, where there are several. */
@customElement("rn-nodes")
export class Nodes extends LitElement {
  @property({ attribute: false }) view: GatewayView | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { view } = this;
    if (view === null) return nothing;
    const all = view.nodes.reduce((sum, each) => sum + each.connections, 0);
    return html`<section class="card" aria-labelledby="nodes">
      <header><h2 id="nodes">Processes</h2></header>
      <div class="scroll">
        <table class="nodes">
          <thead>
            <tr>
              <th scope="col">Process</th><th scope="col">Up for</th><th scope="col" class="number">Subscriptions</th><th scope="col" class="number">Connections</th><th class="share"><span class="unseen">Share</span></th>
            </tr>
          </thead>
          <tbody>
            ${view.nodes.map(
              (each) => html`<tr class=${each.age > late ? "old" : ""}>
                <th scope="row">
                  <span class="name">${each.worker ? `Worker ${each.worker}` : "Server"} <code class="faint num">${each.pid}</code>${chips(each, view)}</span>
                </th>
                <td class="num">${up(each, view)}</td>
                <td class="number num">${count(each.subscriptions)}</td>
                <td class="number num">${count(each.connections)}</td>
                <td class="share"><i style=${styleMap({ width: `${all ? (each.connections / all) * 100 : 0}%` })}></i></td>
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>`;
  }

  static override styles = [
    base,
    card,
    tables,
    css`
      .card {
        height: auto;
      }

      .name {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--space-2);
      }

      code {
        font-family: var(--mono);
        font-size: var(--text-xs);
        font-weight: 400;
      }

      .chip {
        padding: 0.05rem 0.5rem;
        border-radius: 99px;
        background: var(--sunken);
        color: var(--ink-soft);
        font-size: var(--text-xs);
        font-weight: 500;
      }

      .chip.gold {
        background: var(--gold-wash);
        color: var(--gold);
      }

      .old td {
        color: var(--ink-faint);
      }

      .old i {
        opacity: 0.4;
      }
    `,
  ];
}

const up = ({ uptime }: Node, { at }: GatewayView): string => (uptime < 2 ? "a moment" : ago((at - uptime) * 1000, at * 1000));

const chips = (node: Node, view: GatewayView): TemplateResult[] => [
  ...(node.leads ? [html`<span class="chip" title="It keeps the rooms in memory for all">leads</span>`] : []),
  ...(node.version === here(view)?.version ? [] : [html`<span class="chip gold num">version ${node.version}</span>`]),
  ...(node.draining ? [html`<span class="chip gold">stopping</span>`] : []),
  ...(node.age > late ? [html`<span class="chip gold num" title="It does not answer; these are its last figures">silent for ${duration(node.age)}</span>`] : []),
];

const here = (view: GatewayView): Node | undefined => view.nodes.find(({ node }) => node === view.node);
