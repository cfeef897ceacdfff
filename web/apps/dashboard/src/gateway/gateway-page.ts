import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import * as api from "../data/api.ts";
import { ago, timeOfDay } from "../data/format.ts";
import { Course, type GatewayView, Growth, members } from "../data/gateway.ts";
import { Polled } from "../data/polled.ts";
import { base, card, controls, head } from "../styles/shared.ts";
import "./clients.ts";
import "./endings.ts";
import "./figures.ts";
import "./namespaces.ts";
import "./nodes.ts";
import "./outcomes.ts";

/** The realtime side of all processes, as it is now and was in the last minutes. */
@customElement("rn-gateway")
export class GatewayPage extends LitElement {
  private readonly course = new Course();
  private readonly growth = new Growth();
  private readonly polled = new Polled<GatewayView>(
    this,
    (signal) => api.gateway(this.course.since, signal),
    (view) => this.take(view),
  );

  protected override render(): TemplateResult {
    const { value: view, problem } = this.polled;
    return html`<header>
        <h1>Gateway</h1>
        <p class="soft">
          ${view ? processes(view) : "The realtime side of this server."}
          ${view?.nodes.every(({ draining }) => draining) ? html`<span class="chip gold">stopping</span>` : nothing}
        </p>
        ${problem ? html`<p class="problem" role="status">${this.words()}</p>` : nothing}
      </header>
      <div class="page ${problem && view ? "stale" : ""}">
        <rn-gateway-figures .view=${view} .course=${this.course} .growth=${this.growth}></rn-gateway-figures>
        ${view && view.nodes.length > 1 ? html`<rn-nodes .view=${view}></rn-nodes>` : nothing}
        <div class="columns">
          <rn-clients .view=${view}></rn-clients>
          <rn-namespaces .view=${view} .growth=${this.growth}></rn-namespaces>
        </div>
        <div class="columns">
          <rn-outcomes .view=${view}></rn-outcomes>
          <rn-endings .view=${view}></rn-endings>
        </div>
      </div>`;
  }

  private words(): string {
    const { problem, value, asOf } = this.polled;
    return value ? `${problem?.message} These are the figures of ${timeOfDay(asOf)}.` : (problem?.message ?? "");
  }

  private take(view: GatewayView): void {
    this.course.take(view);
    const totals = Object.entries(view.totals);
    const namespaces = view.namespaces.map((each) => [`in ${each.namespace}`, each.publications] as const);
    this.growth.take(members(view), view.at, [...totals, ...namespaces]);
  }

  static override styles = [
    base,
    card,
    controls,
    head,
    css`
      :host,
      .page {
        display: grid;
        gap: var(--space-5);
      }

      code {
        font-family: var(--mono);
        font-size: 0.95em;
      }

      .problem {
        margin-left: auto;
      }

      .page {
        transition: opacity var(--calm);
      }

      .stale {
        opacity: 0.55;
      }

      .columns {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: var(--space-5);
      }

      @media (max-width: 900px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
      }

      @media (max-width: 560px) {
        :host,
        .page,
        .columns {
          gap: var(--space-4);
        }

        .problem {
          margin-left: 0;
        }
      }
    `,
  ];
}

/** Whose figures these are. */
function processes({ at, nodes: [only, ...others] }: GatewayView): TemplateResult {
  if (!only) return html``;
  if (others.length > 0) return html`<strong>${others.length + 1} processes</strong> together, counts since each started.`;
  return html`Process <code>${only.pid}</code>, up for ${only.uptime < 2 ? "a moment" : ago((at - only.uptime) * 1000, at * 1000)}: counts since it started.`;
}
