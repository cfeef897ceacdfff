import { css } from "lit";

export const versionsStyles = css`
  :host {
    display: contents;
  }

  .which {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-4);
    padding: 0 var(--space-5) var(--space-4);
  }

  .which label {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    min-width: 0;
    max-width: 100%;
  }

  .which select {
    flex: 1;
    width: auto;
    min-width: 0;
    min-height: 2.25rem;
    font-size: var(--text-sm);
  }

  .which p {
    font-size: var(--text-sm);
  }

  .paper {
    overflow-x: auto;
    padding-block: var(--space-2);
    border-top: 1px solid var(--line);
    border-radius: 0 0 var(--radius-lg) var(--radius-lg);
    background: var(--sunken);
    font: 400 0.8125rem / 1.55 var(--mono);
    transition: opacity var(--quick);
  }

  .paper[aria-busy="true"] {
    opacity: 0.6;
  }

  .line {
    display: grid;
    grid-template-columns: 2.8rem 2.8rem 1.6rem minmax(0, 1fr);
    padding-right: var(--space-4);
  }

  .line > .faint {
    padding-right: var(--space-2);
    text-align: right;
    user-select: none;
  }

  .line > b {
    font-weight: 700;
    text-align: center;
    user-select: none;
  }

  .line > span:last-child {
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }

  .gone {
    background: var(--down-wash);
  }

  .gone > b {
    color: var(--down);
  }

  .new {
    background: var(--up-wash);
  }

  .new > b {
    color: var(--up);
  }

  .line mark {
    border-radius: 3px;
    background: color-mix(in oklab, var(--down) 28%, transparent);
    color: inherit;
  }

  .new mark {
    background: color-mix(in oklab, var(--up) 28%, transparent);
  }

  .left {
    display: block;
    width: 100%;
    margin-block: var(--space-2);
    padding: var(--space-1) var(--space-5);
    border: 0;
    border-block: 1px dashed var(--line-strong);
    background: none;
    color: var(--ink-soft);
    font: 500 var(--text-xs) / 1.5 var(--font);
    text-align: left;
    cursor: pointer;
  }

  .left:hover {
    background: var(--surface);
    color: var(--ink);
  }

  .left:focus-visible {
    outline-offset: -2px;
  }

  .paper > .waiting {
    padding: var(--space-3) var(--space-5);
  }

  .skeleton {
    display: block;
    height: 5rem;
  }

  @media (max-width: 560px) {
    .which {
      padding-inline: var(--space-4);
    }

    .which label {
      flex: 1 1 100%;
    }

    .which label > span {
      min-width: 2.6rem;
    }

    .line {
      grid-template-columns: 2.3rem 1.3rem minmax(0, 1fr);
      padding-right: var(--space-2);
    }

    /* One number a line: where it stands, or stood. */
    .line > .faint:empty,
    .same > .faint:first-child {
      display: none;
    }
  }
`;
