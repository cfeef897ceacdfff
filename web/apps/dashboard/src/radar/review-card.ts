import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { kindOf, said } from "../data/format.ts";
import { Fetched } from "../data/fetched.ts";
import { type HeldPage, held, incidents, type Incidents } from "../data/review.ts";
import type { Info } from "../data/types.ts";
import { wordStyles } from "../parts/words.ts";
import { base, card, controls, skeleton } from "../styles/shared.ts";
import { firingOf, keyOf } from "./firing.ts";
import "./held-list.ts";
import "./incidents.ts";

/** What of a subject is under review, and the guards that are in alarm about it. */
@customElement("rn-review")
export class ReviewCard extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @property() subject = "";
  /** The standing's version: with each there may be something else under review. */
  @property({ type: Number }) version = 0;

  private readonly review = new Fetched<HeldPage>(
    this,
    () => this.subject || null,
    (subject, signal) => held({ subject }, 200, undefined, signal),
  );
  private readonly watched = new Fetched<Incidents>(
    this,
    () => this.subject || null,
    (subject, signal) => incidents({ subject }, signal),
  );

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("version") && !changed.has("subject")) this.refresh();
    // A page with nothing to say here has no such card.
    this.hidden = !this.has();
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.has()) return nothing;
    const problem = this.review.problem ?? this.watched.problem;
    const open = this.watched.value?.incidents ?? [];
    const firing = this.firing();
    return html`<section class="card" aria-labelledby="under-review-title">
      <header><h2 id="under-review-title">${this.review.value?.held.length ? "Under review" : "On the radar"}</h2></header>
      <div class="body">
        ${firing.length > 0
          ? html`<ul class="firing">
              ${firing.map((alert) => html`<li class="phrase" data-alert=${keyOf(alert)}><span class="chip alarm">alert</span> <strong>${alert.title}</strong> <span class="soft">${said(alert.why, kindOf(this.info, alert.subject))}</span></li>`)}
            </ul>`
          : nothing}
        ${open.length > 0 ? html`<rn-incidents .incidents=${open} bare></rn-incidents>` : nothing}
        ${this.review.value
          ? html`<rn-held-list
              .held=${this.review.value.held}
              .piles=${this.watched.value?.held ?? []}
              .incidents=${open}
              .info=${this.info}
              bare
              @decided=${this.refresh}
            ></rn-held-list>`
          : problem
            ? html`<p role="alert">${problem.message}</p>`
            : nothing}
      </div>
    </section>`;
  }

  private firing(): ReturnType<typeof firingOf> {
    return firingOf(this.watched.value?.alerts ?? []);
  }

  /** Whether there is anything to show; who may not see it is told nothing. */
  private has(): boolean {
    const { value, problem } = this.review;
    const incidents = this.watched.value?.incidents ?? [];
    return (value?.held.length ?? 0) > 0 || incidents.length > 0 || this.firing().length > 0 || (problem !== null && problem.status !== 403 && problem.status !== 404);
  }

  private readonly refresh = (): void => {
    this.review.refresh();
    this.watched.refresh();
  };

  static override styles = [
    base,
    card,
    controls,
    skeleton,
    wordStyles,
    css`
      .body {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--space-4);
      }

      .firing li {
        font-size: var(--text-sm);
      }

      .firing strong {
        font-weight: 550;
      }
    `,
  ];
}
