import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { count, plural, timeOfDay } from "../data/format.ts";
import { Fetched } from "../data/fetched.ts";
import { live } from "../data/live.ts";
import { type HeldPage, held, type Incident, incidents, type Incidents } from "../data/review.ts";
import type { Info } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import "../parts/choices.ts";
import { base, card, controls, head, skeleton } from "../styles/shared.ts";
import type { HeldList } from "./held-list.ts";
import "./held-list.ts";
import "./incidents.ts";
import "../tiers/stakes.ts";

const all = "all";
const page = 100;
/** What changes is read again, but no sooner than this many ms after the last time. */
const calm = 2_000;

/** The abuse radar: guards in alarm, and what is under review with why, to be decided on. */
@customElement("rn-radar")
export class RadarPage extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @state() private kind = all;
  private limit = page;
  private readonly connection = new WatchState(this);
  private readonly watched = new Fetched<Incidents>(
    this,
    () => this.info && this.kind,
    (kind, signal) => incidents(scope(kind), signal),
    calm,
  );
  private readonly review = new Fetched<HeldPage>(
    this,
    () => this.info && this.kind,
    (kind, signal) => this.read(kind, signal),
    calm,
  );

  constructor() {
    super();
    // What happens to any subject may change both; `alerts:` speaks also of what time alone does.
    const again = { data: () => this.refresh(), gap: () => this.refresh() };
    new Watch<unknown>(this, () => this.info && `feed:${this.kind}`, again);
    new Watch<unknown>(this, () => (this.info?.may.listen.includes(this.kind) ? `alerts:${this.kind}` : null), again);
  }

  protected override render(): TemplateResult {
    const stale = this.connection.stale;
    return html`<header>
        <h1>Radar</h1>
        <p class="soft" role="status">${this.summary()}</p>
        ${stale ? html`<p class="problem">${live.asOf === null ? "Not connected." : `As of ${timeOfDay(live.asOf)}: it goes on when the connection is back.`}</p>` : nothing}
        <rn-choices
          label="Kind of subject on the radar"
          .choices=${[all, ...(this.info?.kinds.map(({ kind }) => kind) ?? [])].map((value) => ({ value, label: value }))}
          .value=${this.kind}
          @choose=${this.choose}
        ></rn-choices>
      </header>
      <section class="card ${stale ? "stale" : ""}" aria-labelledby="incidents-title">
        <header><h2 id="incidents-title">Incidents</h2><p class="faint note">Guards in alarm: what came against what was to be expected</p></header>
        ${this.incidentsBody()}
      </section>
      <rn-stakes class=${stale ? "stale" : ""} .info=${this.info} .subjects=${this.concerned()}></rn-stakes>
      <section class="card ${stale ? "stale" : ""}" aria-labelledby="review-title">
        <header>
          <h2 id="review-title">Under review</h2>
          <p class="counts">${this.counts()}</p>
        </header>
        ${this.reviewBody()}
      </section>`;
  }

  private incidentsBody(): TemplateResult {
    const { value, problem } = this.watched;
    if (!value) return this.waiting(problem?.message, 3);
    if (value.incidents.length === 0) {
      return html`<p class="empty"><strong>No guard is in alarm</strong> When far more of something arrives than a subject is used to, it shows up here while it forms.</p>`;
    }
    return html`<rn-incidents
      class="body"
      .incidents=${value.incidents}
      ?picks=${this.info?.may.decide ?? false}
      @pick=${this.pick}
    ></rn-incidents>`;
  }

  /** Whom the incidents and what is under review are about, those in alarm first. */
  private concerned(): string[] {
    const { incidents = [], held: piles = [] } = this.watched.value ?? {};
    const open = incidents.filter((each) => each.open);
    return [...new Set([...open, ...piles].map(({ subject }) => subject))];
  }

  private reviewBody(): TemplateResult {
    const { value, problem } = this.review;
    if (!value) return this.waiting(problem?.message, 5);
    const empty = value.held.length === 0;
    return html`${empty
        ? html`<p class="empty"><strong>Nothing is under review</strong> What guards hold, moderators take out and sellers dispute waits here until somebody decides.</p>`
        : nothing}
      <div class=${empty ? "" : "body"}>
        <rn-held-list
          .held=${value.held}
          .piles=${this.watched.value?.held ?? []}
          .incidents=${this.watched.value?.incidents ?? []}
          .info=${this.info}
          @decided=${this.refresh}
        ></rn-held-list>
        ${value.before === null ? nothing : html`<button class="button" type="button" @click=${this.more}>Load older</button>`}
        ${this.review.problem && !this.connection.stale ? html`<p class="down note" role="alert">${this.review.problem.message}</p>` : nothing}
      </div>`;
  }

  private waiting(problem: string | undefined, rows: number): TemplateResult {
    if (problem) return html`<p class="empty" role="alert"><strong>This did not load</strong> ${problem}</p>`;
    return html`<ul class="body" aria-busy="true">
      ${Array.from({ length: rows }, () => html`<li class="row"><span class="skeleton"></span></li>`)}
    </ul>`;
  }

  /** How much is held per reason, over all of the kind. */
  private counts(): TemplateResult[] {
    const sums = new Map<string, number>();
    for (const [kind, reasons] of Object.entries(this.review.value?.counts ?? {})) {
      for (const [why, many] of Object.entries(reasons)) {
        const label = this.kind === all ? `${kind} · ${word(why)}` : word(why);
        sums.set(label, (sums.get(label) ?? 0) + many);
      }
    }
    return [...sums].map(([label, many]) => html`<span class="chip num">${label} <strong>${count(many)}</strong></span>`);
  }

  private summary(): string {
    const open = this.watched.value?.incidents.filter((each) => each.open).length;
    const many = this.total();
    if (open === undefined || many === null) return "What looks like manipulation, while it happens.";
    return `${open === 0 ? "No incident" : plural(open, "incident")} now, ${many === 0 ? "nothing" : plural(many, "event")} under review.`;
  }

  private total(): number | null {
    const counts = this.review.value?.counts;
    if (!counts) return null;
    return Object.values(counts).reduce((sum, reasons) => Object.values(reasons).reduce((all, many) => all + many, sum), 0);
  }

  /** As many as are shown, in as many requests as that takes. */
  private async read(kind: string, signal: AbortSignal): Promise<HeldPage> {
    let found = await held(scope(kind), page, undefined, signal);
    while (found.before !== null && found.held.length < this.limit) {
      const next = await held(scope(kind), page, found.before, signal);
      found = { ...found, held: [...found.held, ...next.held], before: next.before };
    }
    return found;
  }

  private readonly refresh = (): void => {
    this.watched.refresh();
    this.review.refresh();
  };

  private pick({ detail }: CustomEvent<Incident>): void {
    const list = this.renderRoot.querySelector<HeldList>("rn-held-list");
    list?.scrollIntoView({ block: "nearest" });
    void list?.choose({ subject: detail.subject, why: `guard:${detail.guard}` });
  }

  private more(): void {
    this.limit += page;
    this.review.refresh();
  }

  private choose(event: CustomEvent<string>): void {
    this.kind = event.detail;
    this.limit = page;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // Another kind has gone away with the policy it came from.
    if (changed.has("info") && this.kind !== all && !this.info?.kinds.some(({ kind }) => kind === this.kind)) this.kind = all;
  }

  static override styles = [
    base,
    card,
    controls,
    head,
    skeleton,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-5);
      }

      .note {
        font-size: var(--text-sm);
        text-wrap: balance;
      }

      :host > header {
        row-gap: var(--space-2);
      }

      rn-choices {
        margin-left: auto;
      }

      .card {
        transition: opacity var(--calm);
      }

      .stale {
        opacity: 0.75;
      }

      .counts {
        display: flex;
        flex-wrap: wrap;
        gap: var(--space-1);
      }

      .chip strong {
        color: var(--ink);
        font-weight: 650;
      }

      .row {
        padding-block: var(--space-3);
      }

      .row .skeleton {
        display: block;
        height: 1.3rem;
      }

      .body > .button {
        margin-top: var(--space-4);
      }

      @media (max-width: 560px) {
        :host {
          gap: var(--space-4);
        }

        rn-choices {
          margin-left: 0;
        }
      }
    `,
  ];
}

const scope = (kind: string): { kind?: string } => (kind === all ? {} : { kind });

const word = (why: string): string => why.replace("guard:", "");
