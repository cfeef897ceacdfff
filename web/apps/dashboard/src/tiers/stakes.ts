import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import * as api from "../data/api.ts";
import { Fetched } from "../data/fetched.ts";
import { inTime, kindOf, millis, moment } from "../data/format.ts";
import { Problem } from "../data/http.ts";
import { Ticker } from "../data/ticker.ts";
import type { Info, Progress } from "../data/types.ts";
import { name, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { base, card, controls } from "../styles/shared.ts";
import { above, brief, heldOf, threatened } from "./words.ts";

const most = 12;
/** No sooner than this many ms after the last time: each subject is a request. */
const calm = 5_000;

interface Stake {
  subject: string;
  progress: Progress;
}

/** What tiers those have to lose, or to win, about whom something is on the radar; those in danger first. */
@customElement("rn-stakes")
export class Stakes extends LitElement {
  @property({ attribute: false }) subjects: readonly string[] = [];
  @property({ attribute: false }) info: Info | null = null;
  private readonly ticker = new Ticker(this, 10_000);
  private readonly fetched = new Fetched<Stake[]>(
    this,
    () => (this.subjects.length > 0 ? "all" : null),
    (_, signal) => stakes(this.subjects.slice(0, most), signal),
    calm,
  );

  protected override willUpdate(changed: PropertyValues<this>): void {
    // Asked for with everything that happens to any of them.
    if (changed.has("subjects")) this.fetched.refresh();
    this.hidden = !this.fetched.value?.length;
  }

  protected override render(): TemplateResult | typeof nothing {
    const all = this.fetched.value ?? [];
    if (all.length === 0) return nothing;
    return html`<section class="card" aria-labelledby="stakes-title">
      <header><h2 id="stakes-title">Tiers at stake</h2><p class="faint note">Of those above: what keeps their tier, and what the next one takes</p></header>
      <ul class="body">
        ${repeat(all, ({ subject }) => subject, (stake) => this.row(stake))}
      </ul>
    </section>`;
  }

  private row({ subject, progress }: Stake): TemplateResult {
    const kind = kindOf(this.info, subject);
    const held = heldOf(progress);
    const [next] = above(progress);
    const danger = threatened(progress);
    return html`<li data-stake=${subject}>
      <span class="phrase">
        <a href=${toSubject(subject)}>${name(subject)}</a>
        ${held ? html`<span class="chip gold">${held.title}</span>` : html`<span class="chip">no tier</span>`}
        ${danger ? html`<span class="chip alarm">in danger</span>` : nothing}
      </span>
      <span class="num">
        ${held && brief(held, kind) ? html`<span class="faint">keeps it with</span> <span class=${danger ? "down" : ""}>${brief(held, kind)}</span>` : nothing}
        ${this.safe(progress)}
      </span>
      <span class="num">${next ? html`<span class="faint">to ${next.title}:</span> ${brief(next, kind)}` : html`<span class="faint">no higher tier</span>`}</span>
    </li>`;
  }

  private safe({ safe_until: safe }: Progress): TemplateResult | typeof nothing {
    const { now } = this.ticker;
    if (safe === null || millis(safe) <= now) return nothing;
    return html`<span class="faint" title=${moment(millis(safe))}>· safe for ${inTime(millis(safe), now)}</span>`;
  }

  static override styles = [
    base,
    card,
    controls,
    wordStyles,
    css`
      .note {
        font-size: var(--text-sm);
        text-wrap: balance;
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 4fr) minmax(0, 5fr) minmax(0, 4fr);
        align-items: baseline;
        gap: 2px var(--space-5);
        padding-block: var(--space-2);
        font-size: var(--text-sm);
      }

      li + li {
        border-top: 1px solid var(--line-soft);
      }

      @media (max-width: 860px) {
        li {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];
}

/** Those of the subjects that have tiers to win or lose. */
async function stakes(subjects: readonly string[], signal: AbortSignal): Promise<Stake[]> {
  const found = await Promise.all(subjects.map((subject) => stake(subject, signal)));
  const order = ({ progress }: Stake): number => (threatened(progress) ? 0 : progress.tier === null ? 2 : 1);
  return found.filter((each) => each !== null).sort((a, b) => order(a) - order(b));
}

async function stake(subject: string, signal: AbortSignal): Promise<Stake | null> {
  try {
    const { tiers } = await api.explain(subject, 1, signal);
    return tiers ? { subject, progress: tiers } : null;
  } catch (error) {
    // Nothing has come of what is held of it, or it is not for us to see.
    if (error instanceof Problem && (error.status === 404 || error.status === 403)) return null;
    throw error;
  }
}
