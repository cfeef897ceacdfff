import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ago, count, kindOf, millis, moment, said } from "../data/format.ts";
import { Fetched } from "../data/fetched.ts";
import { type Alert, incidents } from "../data/review.ts";
import { Ticker } from "../data/ticker.ts";
import type { Info } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import { name, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { firingOf, keyOf } from "./firing.ts";

const shown = 8;

/** What an `alerts:` channel tells. */
type News = Alert & { type: "alert" };

/** Alerts as they fire and clear, the newest first. */
@customElement("rn-alerts")
export class AlertCard extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  private fresh: Alert[] = [];
  private readonly ticker = new Ticker(this);
  private readonly connection = new WatchState(this);
  private readonly past = new Fetched<readonly Alert[]>(
    this,
    () => this.info && "all",
    async (_, signal) => (await incidents({}, signal)).alerts,
    2_000,
  );

  constructor() {
    super();
    new Watch<News>(this, () => (this.info?.may.listen.includes("all") ? "alerts:all" : null), {
      data: (news) => this.take(news),
      gap: () => this.past.refresh(),
    });
    // Whoever may not listen to alerts learns of them with what made them.
    new Watch<unknown>(this, () => this.info && "feed:all", {
      data: () => this.past.refresh(),
    });
  }

  protected override render(): TemplateResult | typeof nothing {
    const alerts = this.alerts();
    const firing = firingOf(alerts);
    return html`<section class="card ${this.connection.stale ? "stale" : ""}" aria-labelledby="alerts-title">
      <header>
        <h2 id="alerts-title">Alerts</h2>
        ${firing.length > 0 ? html`<span class="chip alarm num">${count(firing.length)} firing</span>` : nothing}
      </header>
      ${this.body(alerts, new Set(firing.map(keyOf)))}
    </section>`;
  }

  private body(alerts: readonly Alert[], firing: ReadonlySet<string>): TemplateResult {
    if (alerts.length > 0) {
      return html`<ul class="body" aria-live="polite" aria-relevant="additions">
        ${repeat(alerts.slice(0, shown), keyOf, (alert) => this.row(alert, firing.has(keyOf(alert))))}
      </ul>`;
    }
    if (!this.past.value && this.past.problem) return html`<p class="quiet" role="alert">${this.past.problem.message}</p>`;
    if (!this.past.value) return html`<p class="body" aria-busy="true"><span class="skeleton"></span></p>`;
    return html`<p class="quiet">All quiet: no alert has fired lately. They show up here the moment they do.</p>`;
  }

  private row(alert: Alert, firing: boolean): TemplateResult {
    const at = millis(alert.at);
    return html`<li data-alert=${keyOf(alert)}>
      <span class="chip ${firing ? "alarm" : ""}">${firing ? "firing" : alert.state}</span>
      <span class="what">
        <span class="phrase">
          <a href=${toSubject(alert.subject)}>${name(alert.subject)}</a>
          <strong>${alert.title}</strong>
          ${alert.severity === "info" ? nothing : html`<span class="faint">${alert.severity}</span>`}
        </span>
        <span class="soft">${said(alert.why, kindOf(this.info, alert.subject))}</span>
      </span>
      <time class="faint num" datetime=${new Date(at).toISOString()} title=${moment(at)}>${ago(at, this.ticker.now)}</time>
    </li>`;
  }

  private take({ ...news }: News): void {
    if (this.fresh.some((each) => keyOf(each) === keyOf(news))) return;
    this.fresh = [news, ...this.fresh].slice(0, 50);
  }

  private alerts(): Alert[] {
    const known = new Map<string, Alert>();
    for (const each of [...this.fresh, ...(this.past.value ?? [])]) known.set(keyOf(each), each);
    return [...known.values()].sort((a, b) => millis(b.at) - millis(a.at) || b.version - a.version);
  }

  static override styles = [
    base,
    card,
    controls,
    skeleton,
    wordStyles,
    css`
      .card {
        height: 100%;
        transition: opacity var(--calm);
      }

      .stale {
        opacity: 0.75;
      }

      .quiet {
        padding: 0 var(--space-5) var(--space-5);
        color: var(--ink-soft);
        font-size: var(--text-sm);
      }

      li {
        display: grid;
        grid-template-columns: 4.4rem minmax(0, 1fr) auto;
        align-items: baseline;
        gap: var(--space-3);
        padding-block: var(--space-2);
        font-size: var(--text-sm);
      }

      li .chip {
        justify-self: start;
      }

      li + li {
        border-top: 1px solid var(--line-soft);
      }

      .what {
        display: grid;
        min-width: 0;
      }

      .phrase strong {
        font-weight: 550;
      }

      .soft,
      .phrase .faint {
        font-size: var(--text-xs);
      }

      .skeleton {
        display: block;
        height: 1.2rem;
      }
    `,
  ];
}
