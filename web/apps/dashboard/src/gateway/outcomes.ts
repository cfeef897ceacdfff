import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { count, words } from "../data/format.ts";
import type { GatewayView, OutcomeName } from "../data/gateway.ts";
import { base, card } from "../styles/shared.ts";
import { tables } from "./tables.ts";

const titles: Record<OutcomeName, string> = { connect: "Connect", subscribe: "Subscribe and recover", errors: "Errors in replies" };
const good = new Set(["ok", "new", "recovered"]);

/** What became of those who connected, subscribed and came back. */
@customElement("rn-outcomes")
export class Outcomes extends LitElement {
  @property({ attribute: false }) view: GatewayView | null = null;

  protected override render(): TemplateResult {
    const { view } = this;
    return html`<section class="card" aria-labelledby="outcomes">
      <header><h2 id="outcomes">Outcomes</h2></header>
      <div class="scroll">
        ${view === null ? nothing : (Object.keys(titles) as OutcomeName[]).map((name) => this.group(titles[name], view.outcomes[name] ?? {}))}
      </div>
    </section>`;
  }

  private group(title: string, counts: Record<string, number>): TemplateResult {
    const entries = Object.entries(counts).sort(([, one], [, other]) => other - one);
    const all = entries.reduce((sum, [, number]) => sum + number, 0);
    if (all === 0) return html`<h3>${title}</h3><p class="quiet">None yet.</p>`;
    return html`<h3>${title}</h3>
      <span class="bar" aria-hidden="true">
        ${entries.map(([name, number]) => html`<i class=${good.has(name) ? "good" : "bad"} style="flex-grow: ${number}"></i>`)}
      </span>
      <ul>
        ${entries.map(
          ([name, number]) => html`<li>
            <i class=${good.has(name) ? "good" : "bad"} aria-hidden="true"></i>${words(name)}
            <strong class="num">${count(number)}</strong>
          </li>`,
        )}
      </ul>`;
  }

  static override styles = [
    base,
    card,
    tables,
    css`
      .bar {
        display: flex;
        gap: 2px;
        height: 0.5rem;
        margin: 0 var(--space-2) var(--space-1);
      }

      .bar i {
        flex: 0 1 0;
        min-width: 3px;
        border-radius: 99px;
      }

      .good {
        background: var(--up);
      }

      .bad {
        background: var(--gold);
      }

      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--space-4);
        padding: 0 var(--space-2);
        font-size: var(--text-sm);
      }

      li {
        display: inline-flex;
        align-items: baseline;
        gap: var(--space-2);
      }

      li i {
        align-self: center;
        width: 0.5rem;
        height: 0.5rem;
        border-radius: 50%;
      }
    `,
  ];
}
