import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { count, millis, moment, plural, timeOfDay } from "../data/format.ts";
import { Fetched } from "../data/fetched.ts";
import { live } from "../data/live.ts";
import { policy, type PolicyState } from "../data/policies.ts";
import type { Feed, Info, KindInfo } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import { reveal } from "../parts/reveal.ts";
import { toPolicy } from "../router.ts";
import { base, card, controls, head, sideways, skeleton } from "../styles/shared.ts";
import "./editor.ts";
import { pageStyles } from "./policies-page.styles.ts";
import "./versions.ts";

const calm = 2_000;

/** The rules of each kind: their versions, and trying and switching to others. */
@customElement("rn-policies")
export class PoliciesPage extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @property() kind: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly connection = new WatchState(this);
  private readonly state = new Fetched<PolicyState>(
    this,
    () => this.chosen?.kind ?? null,
    (kind, signal) => policy(kind, signal),
    calm,
  );

  constructor() {
    super();
    // New rules show in what they do to subjects, also those that another tab has put in force.
    new Watch<Feed>(this, () => (this.chosen ? `feed:${this.chosen.kind}` : null), {
      data: ({ changes }) => {
        if (changes.some(({ type }) => type === "renown.policy")) this.state.refresh();
      },
      gap: () => this.state.refresh(),
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  protected override willUpdate(_: PropertyValues<this>): void {
    if (this.state.value?.switching && this.timer === undefined) {
      this.timer = setTimeout(() => {
        this.timer = undefined;
        this.state.refresh();
      }, calm);
    }
  }

  protected override render(): TemplateResult {
    const { chosen } = this;
    const stale = this.connection.stale;
    return html`<header>
        <h1>Policies</h1>
        <p class="soft">The rules by which each kind of subject is scored.</p>
        ${stale && live.asOf !== null ? html`<p class="problem">As of ${timeOfDay(live.asOf)}: it goes on when the connection is back.</p>` : nothing}
      </header>
      <div class="columns">
        <nav class="card sideways" aria-label="Kinds of subjects">
          ${this.info ? html`<ul>${this.info.kinds.map((kind) => this.choice(kind))}</ul>` : html`<p class="body"><span class="skeleton"></span></p>`}
        </nav>
        <div class="stack">${chosen ? this.rules(chosen) : this.info ? html`<p class="card empty"><strong>No such kind</strong> No policy is loaded for ${this.kind}.</p>` : nothing}</div>
      </div>`;
  }

  protected override updated(): void {
    reveal(this.renderRoot.querySelector("nav"), this.renderRoot.querySelector("nav [aria-current]"));
  }

  private get chosen(): KindInfo | undefined {
    const kinds = this.info?.kinds ?? [];
    return this.kind === null ? kinds[0] : kinds.find(({ kind }) => kind === this.kind);
  }

  private choice({ kind, title, subjects }: KindInfo): TemplateResult {
    const current = kind === this.chosen?.kind;
    return html`<li>
      <a href=${toPolicy(kind)} aria-current=${current ? "page" : nothing}>
        <span>${title || kind}</span><span class="faint num">${plural(subjects, "subject")}</span>
      </a>
    </li>`;
  }

  private rules(kind: KindInfo): TemplateResult {
    const { value, problem } = this.state;
    if (!value) {
      return html`<div class="card">
        ${problem
          ? html`<p class="empty" role="alert"><strong>This did not load</strong> ${problem.message}</p>`
          : html`<p class="body waiting" aria-busy="true"><span class="skeleton"></span></p>`}
      </div>`;
    }
    return html`${this.head(value)}
      <rn-policy-editor
        .state=${value}
        .may=${this.info?.may.policies ?? false}
        .decimals=${kind.scale.decimals}
        @switched=${this.switched}
      ></rn-policy-editor>
      <rn-policy-versions .state=${value}></rn-policy-versions>`;
  }

  private head(state: PolicyState): TemplateResult {
    const { switching } = state;
    return html`<section class="card head" aria-label="Version in force">
      <p class="now">
        <strong>${state.name}</strong> <span class="chip accent num">version ${state.version}</span>
        ${state.since === null ? nothing : html`<span class="soft num">in force since ${moment(millis(state.since))}</span>`}
      </p>
      <div role="status">
        ${switching
          ? html`<label class="going num"
              >${count(switching.done)} of ${plural(switching.subjects, "subject")} are scored by it
              <progress max=${Math.max(1, switching.subjects)} value=${switching.done}></progress
            ></label>`
          : html`<p class="faint">All subjects are scored by it.</p>`}
      </div>
    </section>`;
  }

  private readonly switched = (): void => this.state.refresh();

  static override styles = [base, card, controls, head, skeleton, sideways, pageStyles];
}
