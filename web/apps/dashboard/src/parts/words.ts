import { css, html, type TemplateResult } from "lit";
import { finer, fixed, parts, signed, words } from "../data/format.ts";

/** Small pieces of text that look the same wherever they stand. */
export const wordStyles = css`
  .name {
    display: inline-flex;
    align-items: baseline;
    min-width: 0;
    font-weight: 600;
  }

  .name .kind {
    color: var(--ink-faint);
    font-weight: 450;
  }

  .name .id {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .delta {
    display: inline-flex;
    align-items: baseline;
    gap: 0.3em;
    font-weight: 600;
    white-space: nowrap;
  }

  .delta .arrow {
    font-size: 0.7em;
    transform: translateY(-0.1em);
  }

  .phrase {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 2px var(--space-2);
  }

  .phrase a:hover {
    text-decoration: underline;
  }
`;

export function name(subject: string): TemplateResult {
  const { kind, id } = parts(subject);
  return html`<span class="name"><span class="kind">${kind}:</span><span class="id">${id}</span></span>`;
}

/** A change of a score, with an arrow besides its colour, one digit finer than the score itself. */
export function delta(value: number, decimals: number): TemplateResult {
  const text = signed(value, finer(decimals));
  const way = text.startsWith("+") ? "up" : text.startsWith("\u00b1") ? "same" : "down";
  const arrow = { up: "\u25b2", down: "\u25bc", same: "\u25cf" }[way];
  return html`<span class="delta num ${way === "same" ? "faint" : way}"
    ><span class="arrow" aria-hidden="true">${arrow}</span>${text}</span
  >`;
}

export const tier = (value: string): TemplateResult => html`<span class="chip gold">${words(value)}</span>`;

export const provisional = (): TemplateResult =>
  html`<span class="chip" title="Too little evidence yet for a firm number">new</span>`;

export const bounds = (low: number, high: number, decimals: number): string =>
  `${fixed(low, decimals)} \u2013 ${fixed(high, decimals)}`;
