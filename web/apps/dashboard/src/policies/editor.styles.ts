import { css } from "lit";

export const editorStyles = css`
  :host {
    display: grid;
    gap: var(--space-5);
    min-width: 0;
  }

  h2 label {
    font: inherit;
    color: inherit;
  }

  .said {
    font-size: var(--text-sm);
  }

  .paper {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    border-block: 1px solid var(--line);
    background: var(--sunken);
  }

  .gutter,
  textarea {
    margin: 0;
    padding: var(--space-3);
    border: 0;
    font: 400 0.8125rem / 1.55 var(--mono);
  }

  .gutter {
    overflow: hidden;
    height: 0;
    min-height: 100%;
    padding-right: var(--space-2);
    color: var(--ink-faint);
    text-align: right;
    user-select: none;
  }

  .gutter .bad {
    color: var(--down);
    font-weight: 700;
  }

  textarea {
    width: 100%;
    padding-left: var(--space-2);
    background: transparent;
    color: var(--ink);
    resize: vertical;
    tab-size: 2;
  }

  textarea:focus-visible {
    outline-offset: -2px;
    border-radius: 0;
  }

  .wrong {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: var(--space-2) var(--space-3);
    padding: var(--space-3) var(--space-5);
    background: var(--down-wash);
    font-size: var(--text-sm);
    overflow-wrap: anywhere;
  }

  .at {
    min-height: 1.7rem;
    padding-inline: var(--space-3);
    border-color: color-mix(in oklab, var(--down) 45%, transparent);
    color: var(--down);
  }

  code {
    font-family: var(--mono);
    font-size: 0.92em;
  }

  footer {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-3);
    padding: var(--space-4) var(--space-5);
  }

  .going {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-1) var(--space-3);
    color: var(--ink-soft);
    font-size: var(--text-sm);
  }

  progress {
    width: 9rem;
    accent-color: var(--accent);
  }

  .differences {
    padding: var(--space-3) var(--space-5);
    font-size: var(--text-sm);
  }

  .differences summary {
    cursor: pointer;
  }

  .differences ul {
    display: grid;
    gap: 2px;
    margin-top: var(--space-2);
    overflow-wrap: anywhere;
  }

  dialog {
    width: min(32rem, calc(100vw - 2rem));
    padding: var(--space-5);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-lg);
    background: var(--raised);
    color: var(--ink);
    box-shadow: var(--shadow-float);
  }

  dialog::backdrop {
    background: rgb(0 0 0 / 40%);
  }

  dialog h2 {
    font-size: var(--text-lg);
    letter-spacing: -0.015em;
  }

  dialog p {
    margin-top: var(--space-3);
    font-size: var(--text-sm);
  }

  .choices {
    display: flex;
    justify-content: flex-end;
    gap: var(--space-3);
  }

  @media (max-width: 560px) {
    footer,
    .wrong {
      padding-inline: var(--space-4);
    }
  }
`;
