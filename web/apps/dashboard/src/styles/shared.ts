import { css } from "lit";

/** What every component starts from: box model, focus, numerals, quiet text. */
export const base = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  :host {
    display: block;
    min-width: 0;
  }

  :host([hidden]),
  [hidden] {
    display: none !important;
  }

  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }

  ul,
  ol {
    list-style: none;
  }

  a {
    color: inherit;
    text-decoration: none;
  }

  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
    border-radius: var(--radius-sm);
  }

  .num {
    font-variant-numeric: tabular-nums lining-nums;
    font-feature-settings: "tnum", "lnum";
  }

  .soft {
    color: var(--ink-soft);
  }

  .faint {
    color: var(--ink-faint);
  }

  .up {
    color: var(--up);
  }

  .down {
    color: var(--down);
  }

  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .ellipsis {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
`;

/** The head of a page: its name, and how it stands in a line beside it. */
export const head = css`
  :host > header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: var(--space-1) var(--space-4);
  }

  h1 {
    font-size: var(--text-xl);
    font-weight: 680;
    letter-spacing: -0.02em;
  }

  :host > header p {
    font-size: var(--text-sm);
  }

  .problem {
    color: var(--down);
  }
`;

/** A surface with a heading line. */
export const card = css`
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius-lg);
    box-shadow: var(--shadow);
    min-width: 0;
  }

  .card > header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-4);
    min-height: 3.4rem;
    padding: var(--space-4) var(--space-5) var(--space-3);
  }

  .card > header h2 {
    flex: 1 0 auto;
    font-size: var(--text-md);
    font-weight: 650;
    letter-spacing: -0.005em;
  }

  .card > .body {
    padding: 0 var(--space-5) var(--space-5);
  }

  .empty {
    padding: var(--space-6) var(--space-5) var(--space-7);
    color: var(--ink-soft);
    text-align: center;
    text-wrap: balance;
  }

  .empty:first-child {
    padding-block: var(--space-7);
  }

  .empty .button {
    display: flex;
    width: fit-content;
    margin: var(--space-4) auto 0;
  }

  .empty strong {
    display: block;
    color: var(--ink);
    font-weight: 600;
  }

  @media (max-width: 560px) {
    .card > header {
      padding-inline: var(--space-4);
    }

    .card > .body {
      padding: 0 var(--space-4) var(--space-4);
    }
  }
`;

/** Buttons, links that look like buttons, chips. */
export const controls = css`
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--space-2);
    min-height: 2.25rem;
    padding: 0 var(--space-4);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-md);
    background: var(--surface);
    color: var(--ink);
    font: 550 var(--text-sm) / 1 var(--font);
    white-space: nowrap;
    cursor: pointer;
    transition: background var(--quick), border-color var(--quick);
  }

  .button:hover {
    border-color: var(--ink-faint);
    background: var(--sunken);
  }

  .button:disabled {
    opacity: 0.55;
    cursor: default;
  }

  .button.primary {
    border-color: transparent;
    background: var(--accent);
    color: var(--on-accent);
  }

  .button.primary:hover:not(:disabled) {
    background: var(--accent-strong);
  }

  .button.quiet {
    border-color: transparent;
    background: none;
    color: var(--ink-soft);
  }

  .button.quiet:hover {
    background: var(--sunken);
    color: var(--ink);
  }

  .chip {
    display: inline-flex;
    align-items: center;
    gap: var(--space-1);
    padding: 0.1rem 0.5rem;
    border-radius: 99px;
    background: var(--sunken);
    color: var(--ink-soft);
    font-size: var(--text-xs);
    font-weight: 550;
    line-height: 1.5;
    white-space: nowrap;
  }

  .chip.gold {
    background: var(--gold-wash);
    color: var(--gold);
  }

  .chip.accent {
    background: var(--accent-wash);
    color: var(--accent);
  }

  .chip.alarm {
    background: var(--down-wash);
    color: var(--down);
  }
`;

/** Fields of forms. */
export const fields = css`
  label,
  legend {
    color: var(--ink-soft);
    font-size: var(--text-sm);
    font-weight: 550;
  }

  input[type="text"],
  input[type="search"],
  input[type="password"],
  input[type="number"],
  select {
    width: 100%;
    min-height: 2.5rem;
    padding: 0 var(--space-3);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-md);
    background: var(--surface);
    color: var(--ink);
    font: inherit;
  }

  input::placeholder {
    color: var(--ink-faint);
    opacity: 1;
  }

  input[aria-invalid="true"],
  select[aria-invalid="true"] {
    border-color: var(--down);
  }

  input[type="range"],
  input[type="checkbox"] {
    accent-color: var(--accent);
  }

  input[type="range"] {
    width: 100%;
    margin: 0;
  }
`;

/** A row that scrolls sideways: a shade at the end where there is more. It lies on `--ground`. */
export const sideways = css`
  .sideways {
    --shade: color-mix(in oklab, var(--ink) 16%, transparent);
    overflow-x: auto;
    scrollbar-width: none;
    background:
      linear-gradient(to right, var(--ground), transparent) left / 2.5rem 100% no-repeat local,
      linear-gradient(to left, var(--ground), transparent) right / 2.5rem 100% no-repeat local,
      linear-gradient(to right, var(--shade), transparent) left / 1rem 100% no-repeat scroll,
      linear-gradient(to left, var(--shade), transparent) right / 1rem 100% no-repeat scroll,
      var(--ground);
  }
`;

/** Grey bars where content is on its way. */
export const skeleton = css`
  .skeleton {
    border-radius: var(--radius-sm);
    background: var(--line);
    opacity: 0.7;
    animation: breathe 1.6s ease-in-out infinite alternate;
  }

  @keyframes breathe {
    to {
      opacity: 0.35;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .skeleton {
      animation: none;
    }
  }
`;
