import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { FeedList, type FeedItem } from "../data/feed.ts";
import { ago, count, decimalsOf, fixed, given, kindOf, millis, moment, typeTitle } from "../data/format.ts";
import { Ticker } from "../data/ticker.ts";
import type { Feed, Info } from "../data/types.ts";
import { Watch, WatchState } from "../data/watch.ts";
import "../parts/choices.ts";
import { delta, name, wordStyles } from "../parts/words.ts";
import { toSubject } from "../router.ts";
import { base, card, skeleton } from "../styles/shared.ts";

const everything = "all";

/** Every change as it happens. It holds still while somebody points at it, so that rows can be clicked. */
@customElement("rn-feed")
export class FeedCard extends LitElement {
  @property({ attribute: false }) info: Info | null = null;
  @state() private kind = everything;
  @state() private held: { items: readonly FeedItem[]; fresh: number } | null = null;

  private readonly list = new FeedList();
  private readonly ticker = new Ticker(this);
  private readonly connection = new WatchState(this);
  private ready = false;

  constructor() {
    super();
    new Watch<Feed>(this, () => `feed:${this.kind}`, {
      data: (feed, offset) => this.take(feed, offset),
      settled: () => (this.ready = true),
    });
  }

  protected override render(): TemplateResult {
    const choices = [everything, ...(this.info?.kinds.map(({ kind }) => kind) ?? [])];
    return html`<section class="card" aria-labelledby="feed-title">
      <header>
        <h2 id="feed-title">Changes ${this.held?.fresh ? html`<span class="pause num">held · ${count(this.held.fresh)} new</span>` : nothing}</h2>
        <rn-choices
          label="Kind of subject in the feed"
          .choices=${choices.map((value) => ({ value, label: value }))}
          .value=${this.kind}
          @choose=${this.choose}
        ></rn-choices>
      </header>
      <div
        class="scroll"
        tabindex="0"
        role="region"
        aria-labelledby="feed-title"
        @pointerenter=${this.hold}
        @pointerleave=${this.release}
        @focusin=${this.hold}
        @focusout=${this.release}
      >
        ${this.content()}
      </div>
    </section>`;
  }

  private content(): TemplateResult {
    const items = this.held?.items ?? this.list.items;
    if (items.length > 0) {
      return html`<ul class=${this.connection.stale ? "stale" : ""}>
        ${repeat(items, (item) => item.key, (item) => this.row(item))}
      </ul>`;
    }
    if (this.ready) {
      return html`<p class="empty"><strong>Quiet so far</strong> Changes show up here the moment they happen.</p>`;
    }
    return html`<ul aria-busy="true">
      ${Array.from({ length: 9 }, () => html`<li class="waiting"><span class="skeleton"></span></li>`)}
    </ul>`;
  }

  private row({ key, change, skipped }: FeedItem): TemplateResult {
    const decimals = decimalsOf(this.info, change.subject);
    const at = millis(change.at);
    return html`<li data-change=${key}>
      <a href=${toSubject(change.subject)}>
        <span class="what">
          ${name(change.subject)}
          <span class="faint ellipsis">${typeTitle(kindOf(this.info, change.subject), change.type)}${change.value == null ? "" : ` ${given(change.value)}`}</span>
        </span>
        ${delta(change.delta, decimals)}
        <span class="score num">${fixed(change.score, decimals)}</span>
        <time class="faint num" datetime=${new Date(at).toISOString()} title=${moment(at)}>${ago(at, this.ticker.now)}</time>
      </a>
      ${skipped > 0 ? html`<p class="skipped num">${count(skipped)} more in between</p>` : nothing}
    </li>`;
  }

  private take(feed: Feed, offset: number | undefined): void {
    const fresh = this.list.take(feed.changes, this.kind === everything ? offset : undefined);
    if (this.held) this.held = { ...this.held, fresh: this.held.fresh + fresh };
  }

  private hold(): void {
    this.held ??= { items: this.list.items, fresh: 0 };
  }

  private release(): void {
    const region = this.renderRoot.querySelector(".scroll");
    requestAnimationFrame(() => {
      if (!region?.matches(":hover") && !region?.matches(":focus-within")) this.held = null;
    });
  }

  private choose(event: CustomEvent<string>): void {
    this.kind = event.detail;
    this.ready = false;
    this.held = null;
    this.list.clear();
  }

  static override styles = [
    base,
    card,
    skeleton,
    wordStyles,
    css`
      .card {
        display: flex;
        flex-direction: column;
        height: 100%;
        overflow: hidden;
      }

      .pause {
        margin-left: var(--space-2);
        color: var(--ink-faint);
        font-size: var(--text-xs);
        font-weight: 500;
      }

      .scroll {
        flex: 1 1 0;
        min-height: 24rem;
        padding: 0 var(--space-2) var(--space-2);
        overflow-y: auto;
        scrollbar-width: thin;
        scrollbar-color: var(--line-strong) transparent;
      }

      .scroll:focus-visible {
        outline-offset: -2px;
        border-radius: 0 0 var(--radius-lg) var(--radius-lg);
      }

      /* What goes on below fades out instead of being cut. */
      .scroll::after {
        position: sticky;
        bottom: calc(-1 * var(--space-2));
        display: block;
        height: 1.75rem;
        background: linear-gradient(transparent, var(--surface));
        content: "";
        pointer-events: none;
      }

      .stale .score,
      .stale .delta {
        opacity: 0.5;
      }

      li {
        animation: arrive 900ms ease-out;
        border-radius: var(--radius-sm);
      }

      li a {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto 3.6rem 3.4rem;
        align-items: baseline;
        gap: var(--space-3);
        padding: 0.38rem var(--space-3);
        border-radius: var(--radius-sm);
        font-size: var(--text-sm);
      }

      li a:hover {
        background: var(--sunken);
      }

      li a:focus-visible {
        outline-offset: -2px;
      }

      .what {
        display: flex;
        align-items: baseline;
        gap: var(--space-2);
        min-width: 0;
      }

      .what .name {
        flex: 0 1 auto;
      }

      .score,
      time {
        text-align: right;
        white-space: nowrap;
      }

      .score {
        font-weight: 550;
      }

      .skipped {
        padding: 0.1rem var(--space-3);
        color: var(--ink-faint);
        font-size: var(--text-xs);
        text-align: center;
      }

      .waiting {
        padding: 0.5rem var(--space-3);
        animation: none;
      }

      .waiting .skeleton {
        display: block;
        height: 1rem;
      }

      @keyframes arrive {
        from {
          background: var(--accent-wash);
        }
      }

      @media (prefers-reduced-motion: reduce) {
        li {
          animation: none;
        }
      }

      @media (max-width: 560px) {
        li a {
          grid-template-columns: minmax(0, 1fr) auto 3rem 2.6rem;
          gap: var(--space-2);
        }

        .what {
          flex-direction: column;
          gap: 0;
        }

        .what > * {
          max-width: 100%;
        }
      }
    `,
  ];
}
