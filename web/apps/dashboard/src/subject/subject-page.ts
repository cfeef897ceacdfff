import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import * as api from "../data/api.ts";
import { Fetched } from "../data/fetched.ts";
import { kindOf, parts } from "../data/format.ts";
import type { Problem } from "../data/http.ts";
import type { Activity, Info, Standing } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import { name, wordStyles } from "../parts/words.ts";
import { toSend } from "../router.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import "./categories.ts";
import "./embed.ts";
import "./explain.ts";
import "./hero.ts";
import "./recent.ts";
import "./score-chart.ts";

const page = 12;
const mostLines = 500;

/** Everything about one subject, live. */
@customElement("rn-subject")
export class SubjectPage extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @property() subject = "";

  /** Whether the code for tiers, what is under review and what was done is there. */
  @state() private late = false;
  private current: Standing | null = null;
  private fresh: readonly Activity[] = [];
  private readonly connection = new WatchState(this);
  private readonly asked = (): string | null => (this.info ? this.subject : null);
  private readonly fetched = new Fetched(this, this.asked, api.standing);
  private readonly past = new Fetched(
    this,
    () => this.current && this.asked(),
    (subject, signal) => api.history(subject, 300, signal),
  );

  /** Events that the explanation tells one by one. */
  private lines = page;
  private readonly explained = new Fetched(
    this,
    () => this.current && this.asked(),
    (subject, signal) => api.explain(subject, this.lines, signal),
  );

  constructor() {
    super();
    new Watch<Standing>(this, () => this.asked() && `standing:${this.subject}`, {
      data: (standing) => this.take(standing),
    });
    new Watch<Activity>(this, () => this.asked() && `activity:${this.subject}`, {
      data: (change) => this.add(change),
      gap: () => this.past.refresh(),
    });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Without it the page shows all else.
    void import("./late-parts.ts").then(() => (this.late = true)).catch(() => undefined);
  }

  private add(change: Activity): void {
    // The first that come by another way were heard before.
    if (this.fresh.some(({ version }) => version === change.version)) return;
    this.fresh = [change, ...this.fresh].slice(0, 200);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("subject")) {
      this.current = null;
      this.fresh = [];
      this.lines = page;
    }
    if (this.fetched.value) this.take(this.fetched.value);
  }

  protected override render(): TemplateResult {
    const standing = this.current;
    const kind = kindOf(this.info, this.subject);
    const explanation = this.explained.value;
    if (!standing) return html`${this.heading()}${this.nothingYet()}`;
    return html`${this.heading()}
      <rn-hero class="wide ${this.connection.stale ? "stale" : ""}" .standing=${standing} .kind=${kind}></rn-hero>
      ${this.late
        ? html`<rn-review class="wide" .info=${this.info} .subject=${this.subject} .version=${standing.version}></rn-review>`
        : nothing}
      ${this.late ? html`<rn-tiers class="wide" .progress=${explanation?.tiers ?? null} .kind=${kind}></rn-tiers>` : nothing}
      <rn-score-chart
        class=${this.hasCategories(standing) ? "" : "wide"}
        .past=${this.past.value?.points ?? null}
        .fresh=${this.fresh}
        .kind=${kind}
      ></rn-score-chart>
      ${this.hasCategories(standing)
        ? html`<rn-categories .standing=${standing} .kind=${kind}></rn-categories>`
        : nothing}
      <rn-explain
        .explanation=${explanation}
        .problem=${this.explained.problem}
        .kind=${kind}
        .more=${this.lines < mostLines}
        @older=${this.older}
      ></rn-explain>
      <rn-recent .subject=${this.subject} .fresh=${this.fresh} .kind=${kind}></rn-recent>
      ${this.late
        ? html`<rn-steps class="wide" .explanation=${explanation} .kind=${kind}></rn-steps>`
        : nothing}
      <rn-embed class="wide" .subject=${this.subject}></rn-embed>`;
  }

  private older(): void {
    this.lines = Math.min(mostLines, this.lines * 3);
    this.explained.refresh();
  }

  private heading(): TemplateResult {
    return html`<div class="wide top">
      <p class="crumb"><a href="#/">Overview</a><span aria-hidden="true">/</span></p>
      <h1>${name(this.subject)}</h1>
    </div>`;
  }

  private nothingYet(): TemplateResult {
    const { problem } = this.fetched;
    if (!problem) return html`<div class="card wide waiting" aria-busy="true"><span class="skeleton"></span></div>`;
    return html`<div class="card wide">${this.empty(problem)}</div>`;
  }

  private empty({ code, message }: Problem): TemplateResult {
    switch (code) {
      case "unknown_subject":
        return html`<div class="empty">
          <p><strong>Nothing here yet</strong> ${message} The page fills by itself when the first event arrives.</p>
          ${this.info?.dev && this.info.may.send ? html`<a class="button" href=${toSend(this.subject)}>Send an event</a>` : nothing}
        </div>`;
      case "unknown_kind":
        return html`<p class="empty"><strong>No such kind</strong> No policy is loaded for ${parts(this.subject).kind}.</p>`;
      default:
        return html`<p class="empty" role="alert"><strong>This did not load</strong> ${message}</p>`;
    }
  }

  private take(standing: Standing): void {
    if (standing.subject !== this.subject) return;
    const version = this.current?.version;
    if (version !== undefined && standing.version < version) return;
    this.current = standing;
    if (version !== undefined && standing.version > version) this.explained.refresh();
  }

  private hasCategories(standing: Standing): boolean {
    return Object.keys(standing.categories).length > 0;
  }

  static override styles = [
    base,
    card,
    controls,
    skeleton,
    wordStyles,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 7fr) minmax(0, 5fr);
        gap: var(--space-5);
      }

      .wide {
        grid-column: 1 / -1;
      }

      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-2) var(--space-3);
        margin-bottom: calc(-1 * var(--space-2));
      }

      .crumb {
        display: flex;
        gap: var(--space-3);
        color: var(--ink-faint);
        font-size: var(--text-sm);
      }

      .crumb a:hover {
        color: var(--ink);
      }

      h1 {
        font-size: var(--text-lg);
        letter-spacing: -0.015em;
      }

      .waiting {
        padding: var(--space-6);
      }

      .waiting .skeleton {
        display: block;
        width: min(24rem, 80%);
        height: 7rem;
      }

      @media (max-width: 1000px) {
        :host {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--space-4);
        }
      }
    `,
  ];
}
