import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { styleMap } from "lit/directives/style-map.js";
import { axis, count, fixed, plural, position, words } from "../data/format.ts";
import type { CategoryInfo, CategoryScore, KindInfo, Scale, Standing } from "../data/types.ts";
import { meter } from "../styles/numbers.ts";
import { base, card } from "../styles/shared.ts";

/** The score of each category as a bar on its scale. */
@customElement("rn-categories")
export class Categories extends LitElement {
  @property({ attribute: false }) standing: Standing | null = null;
  @property({ attribute: false }) kind: KindInfo | undefined;

  protected override render(): TemplateResult {
    const scores = Object.entries(this.standing?.categories ?? {});
    return html`<section class="card" aria-labelledby="categories-title">
      <header><h2 id="categories-title">Categories</h2></header>
      <ul class="body">${scores.map(([name, category]) => this.bar(name, category, scores))}</ul>
    </section>`;
  }

  private bar(name: string, { score, count: events }: CategoryScore, all: [string, CategoryScore][]): TemplateResult {
    const scale = this.scale(name);
    const title = this.known(name)?.title ?? words(name);
    // Bars on one scale can be compared, also where that scale is open.
    const alike = all.filter(([other]) => same(this.scale(other), scale));
    const ends = axis(scale, Math.max(...alike.map(([, category]) => category.score)));
    const width = styleMap({ width: events === 0 ? "0" : `${position(score, ends) * 100}%` });
    return html`<li class=${events === 0 ? "none" : ""}>
      <span>${title}</span>
      <span class="num value">${events === 0 ? "\u2013" : fixed(score, scale?.decimals ?? 2)}</span>
      <span class="track" aria-hidden="true"><i style=${width}></i></span>
      <span class="num count faint" title="${plural(events, "event")} said something about it">${count(events)}</span>
    </li>`;
  }

  private known(name: string): CategoryInfo | undefined {
    return this.kind?.categories.find((category) => category.name === name);
  }

  private scale(name: string): Scale | undefined {
    return this.known(name)?.scale ?? this.kind?.scale;
  }

  static override styles = [
    base,
    card,
    meter,
    css`
      .card {
        height: 100%;
      }

      ul {
        display: grid;
        gap: var(--space-3);
      }

      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 0.1rem var(--space-3);
        font-size: var(--text-sm);
      }

      .none {
        color: var(--ink-faint);
      }

      .value {
        font-weight: 620;
        text-align: right;
      }

      .count {
        min-width: 2rem;
        font-size: var(--text-xs);
        text-align: right;
      }
    `,
  ];
}

const same = (one: Scale | undefined, other: Scale | undefined): boolean => one?.min === other?.min && one?.max === other?.max;
