import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { brief, count, duration, plural } from "../data/format.ts";
import { Course, type GatewayView, Growth } from "../data/gateway.ts";
import "../parts/course.ts";
import { figures } from "../styles/numbers.ts";
import { base, card, skeleton } from "../styles/shared.ts";

/** How much goes on, as numbers of now over their course in the last minutes. */
@customElement("rn-gateway-figures")
export class GatewayFigures extends LitElement {
  @property({ attribute: false, hasChanged: () => true }) view: GatewayView | null = null;
  @property({ attribute: false }) course = new Course();
  @property({ attribute: false }) growth = new Growth();

  protected override render(): TemplateResult {
    const { view, course, growth } = this;
    const open = view?.connections.reduce((sum, each) => sum + each.count, 0) ?? 0;
    const watched = view?.namespaces.reduce((sum, each) => sum + each.subscriptions, 0) ?? 0;
    const leftOut = growth.perSecond("conflated") + growth.perSecond("dropped");
    return html`<dl class="card">
      ${this.figure("Connections", count(open), `${count(watched)} subscriptions`, course.connections())}
      ${this.figure("Deliveries per second", brief(growth.perSecond("deliveries")), `${count(view?.totals.deliveries ?? 0)} in all`, course.rates(({ deliveries }) => deliveries))}
      ${this.figure("Publications per second", brief(growth.perSecond("publications")), `${count(view?.totals.publications ?? 0)} in all`, course.rates(({ publications }) => publications))}
      ${this.figure("Left out per second", brief(leftOut), leftOutWords(view), course.rates(({ left_out }) => left_out), "States replaced by a newer one before they were due, and states not written to slow connections")}
      ${this.latency(view)}
    </dl>
    <p class="faint caption">${caption(course.seconds())}</p>`;
  }

  private figure(label: string, value: string, more: string, values: readonly number[], title = ""): TemplateResult {
    return html`<div class="figure" title=${title || nothing}>
      <dt>${label}</dt>
      <dd class="num">
        ${this.view ? html`<strong>${value}</strong><span class="faint">${more}</span>` : html`<span class="skeleton value"></span>`}
      </dd>
      <dd class="line"><rn-course .values=${values}></rn-course></dd>
    </div>`;
  }

  private latency(view: GatewayView | null): TemplateResult {
    return html`<div class="figure" title="From the commit of an event to the write to the connections, with the wait for the channel's least interval, over the last minute">
      <dt>From commit to wire</dt>
      ${view === null
        ? html`<dd><span class="skeleton value"></span></dd>`
        : view.latency === null
          ? html`<dd class="num"><strong>–</strong><span class="faint">nothing sent lately</span></dd>`
          : html`<dd class="num pair">
                <strong>${duration(view.latency.p50)}</strong><span class="faint">half are faster</span>
              </dd>
              <dd class="num pair">
                <strong class="second">${duration(view.latency.p99)}</strong><span class="faint">99 of 100 are faster</span>
              </dd>`}
    </div>`;
  }

  static override styles = [
    base,
    card,
    skeleton,
    figures,
    css`
      dl {
        grid-template-columns: repeat(5, minmax(0, 1fr));
        overflow: hidden;
      }

      .figure {
        display: flex;
        flex-direction: column;
        padding: var(--space-4) var(--space-4) var(--space-3);
      }

      dt {
        white-space: nowrap;
      }

      dd {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--space-2);
      }

      .line {
        margin-top: auto;
        padding-top: var(--space-2);
      }

      rn-course {
        flex: 1;
      }

      strong {
        font-size: var(--text-xl);
        font-weight: 620;
        letter-spacing: -0.02em;
        line-height: 1.3;
      }

      strong.second {
        color: var(--ink-soft);
        font-size: var(--text-lg);
      }

      .faint {
        font-size: var(--text-xs);
      }

      .caption {
        padding: var(--space-2) var(--space-1) 0;
        font-size: var(--text-xs);
        text-align: right;
      }

      @media (max-width: 1100px) {
        dl {
          grid-template-columns: repeat(6, minmax(0, 1fr));
        }

        .figure {
          grid-column: span 2;
          border-top: 1px solid var(--line);
          margin-top: -1px;
        }

        .figure:nth-child(n + 4) {
          grid-column: span 3;
        }

        .figure:nth-child(4) {
          border-left: 0;
        }
      }

      @media (max-width: 640px) {
        dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }

        .figure,
        .figure:nth-child(n + 4) {
          grid-column: auto;
          padding: var(--space-3);
        }

        .figure:nth-child(n) {
          border-left: 1px solid var(--line);
        }

        .figure:nth-child(odd) {
          border-left: 0;
        }

        .figure:last-child {
          grid-column: 1 / -1;
        }
      }
    `,
  ];
}

const leftOutWords = (view: GatewayView | null): string =>
  `${count(view?.totals.conflated ?? 0)} replaced, ${count(view?.totals.dropped ?? 0)} dropped`;

function caption(seconds: number): string {
  if (seconds < 2) return "The lines begin now.";
  if (seconds < 90) return `The lines are the last ${Math.round(seconds)} seconds.`;
  return `The lines are the last ${plural(Math.round(seconds / 60), "minute")}.`;
}
