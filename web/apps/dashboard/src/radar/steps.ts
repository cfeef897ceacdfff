import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ago, millis, moment, said, typeTitle, words } from "../data/format.ts";
import { Ticker } from "../data/ticker.ts";
import type { Explanation, KindInfo, Step, StepChange } from "../data/types.ts";
import { base, card, controls } from "../styles/shared.ts";

const few = 8;

/** What happened besides the score: holds and decisions, disputes, tiers, badges, statuses, alerts. */
@customElement("rn-steps")
export class Steps extends LitElement {
  @property({ attribute: false }) explanation: Explanation | null = null;
  @property({ attribute: false }) kind: KindInfo | undefined;
  private whole = false;
  private readonly ticker = new Ticker(this, 10_000);

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("explanation") && !this.explanation) this.whole = false;
    this.hidden = this.steps.length === 0;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { steps } = this;
    if (steps.length === 0) return nothing;
    return html`<section class="card" aria-labelledby="steps-title">
      <header><h2 id="steps-title">What was done</h2><p class="faint note">Holds and decisions, tiers, badges, statuses, alerts</p></header>
      <ol class="body">
        ${repeat(
          this.whole ? steps : steps.slice(0, few),
          ({ id }) => id,
          (step) => this.step(step),
        )}
      </ol>
      ${steps.length > few && !this.whole ? html`<button class="button quiet" type="button" @click=${this.more}>Show all ${steps.length}</button>` : nothing}
    </section>`;
  }

  private get steps(): Step[] {
    return (this.explanation?.steps ?? []).filter(({ changes }) => changes.length > 0);
  }

  private step(step: Step): TemplateResult {
    const at = millis(step.at);
    const by = step.actor && !step.actor.startsWith("renown:") ? ` by ${step.actor}` : "";
    return html`<li>
      <ul>
        ${step.changes.map((change) => html`<li><span class="chip ${tone(change)}">${label(change)}</span> <span>${sentence(change, this.kind)}</span></li>`)}
      </ul>
      <p class="faint num">
        <time datetime=${new Date(at).toISOString()} title=${moment(at)}>${ago(at, this.ticker.now)}</time> ·
        ${step.type.startsWith("renown.") ? byItself[step.type] ?? "by itself" : `${typeTitle(this.kind, step.type)}${by}`} · version ${step.version}
      </p>
    </li>`;
  }

  private more(): void {
    this.whole = true;
    this.requestUpdate();
  }

  static override styles = [
    base,
    card,
    controls,
    css`
      .note {
        font-size: var(--text-xs);
      }

      ol > li {
        display: grid;
        gap: 2px;
        padding-block: var(--space-2);
        font-size: var(--text-sm);
      }

      ol > li + li {
        border-top: 1px solid var(--line-soft);
      }

      ul li {
        display: grid;
        grid-template-columns: 5.6rem minmax(0, 1fr);
        align-items: baseline;
        gap: var(--space-3);
        overflow-wrap: anywhere;
      }

      .chip {
        justify-self: start;
      }

      ol > li > p {
        padding-left: calc(5.6rem + var(--space-3));
        font-size: var(--text-xs);
      }

      .button {
        margin: calc(-1 * var(--space-2)) var(--space-4) var(--space-4);
      }

      @media (max-width: 560px) {
        ul li {
          grid-template-columns: minmax(0, 1fr);
          gap: 2px;
        }

        ol > li > p {
          padding-left: 0;
        }
      }
    `,
  ];
}

const byItself: Record<string, string> = { "renown.time": "time passed", "renown.policy": "new rules" };

const labels: Record<string, string> = {
  hold: "held",
  release: "released",
  dismiss: "dismissed",
  dispute: "disputed",
  resolve: "resolved",
  permanent: "permanent",
  open: "opened",
  flag: "flagged",
  weigh: "weighed less",
};

const label = ({ kind, after }: StepChange): string => (kind === "alert" ? `alert ${after ?? ""}` : (labels[kind] ?? kind));

const tone = ({ kind, after }: StepChange): string =>
  kind === "alert" ? (after === "cleared" ? "" : "alarm") : kind === "hold" || kind === "dispute" ? "gold" : kind === "tier" || kind === "badge" ? "accent" : "";

/** Changes whose label does not say from what to what. */
const moving = new Set(["tier", "badge", "status", "policy"]);
const named = new Set(["badge", "alert"]);

function sentence({ kind, name, before, after, why }: StepChange, about: KindInfo | undefined): string {
  const reason = why ? said(why, about) : "";
  const what = name && named.has(kind) ? words(name) : "";
  const move = moving.has(kind) || !reason ? `${before ? words(before) : "none"} \u2192 ${after ? words(after) : "none"}` : "";
  return [what, move, reason].filter(Boolean).join(": ");
}
