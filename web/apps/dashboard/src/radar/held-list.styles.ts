import { css } from "lit";

export const heldStyles = css`
  :host {
    container-type: inline-size;
  }

  .group + .group {
    margin-top: var(--space-4);
  }

  .group header {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    align-items: baseline;
    gap: 0 var(--space-3);
    padding-bottom: var(--space-2);
    font-size: var(--text-sm);
  }

  .group header p {
    grid-column: 2;
  }

  .title,
  .what {
    font-weight: 550;
  }

  .sentence,
  .reason {
    font-size: var(--text-xs);
  }

  input[type="checkbox"] {
    width: 1.05rem;
    height: 1.05rem;
    margin: 0;
    align-self: center;
    cursor: pointer;
  }

  li {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr) auto 3.2rem;
    align-items: center;
    gap: var(--space-3);
    min-height: 2.6rem;
    border-top: 1px solid var(--line-soft);
    font-size: var(--text-sm);
  }

  li > :first-child:not(input),
  header > p:first-child {
    grid-column: 1 / 3;
  }

  label {
    display: grid;
    grid-template-columns: minmax(6rem, auto) minmax(0, 1fr);
    align-items: baseline;
    gap: 0 var(--space-3);
    padding-block: 0.35rem;
    color: var(--ink);
    font-weight: 400;
    cursor: pointer;
  }

  .reason {
    grid-column: 1 / -1;
  }

  .left {
    font-size: var(--text-xs);
    text-align: right;
  }

  time {
    text-align: right;
    white-space: nowrap;
  }

  .more {
    margin-top: var(--space-1);
  }

  .bar {
    position: sticky;
    z-index: 5;
    bottom: var(--space-3);
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--space-2) var(--space-3);
    margin-top: var(--space-4);
    padding: var(--space-3) var(--space-4);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-md);
    background: var(--raised);
    box-shadow: var(--shadow-float);
  }

  .bar strong {
    font-size: var(--text-sm);
    font-weight: 600;
  }

  .bar input {
    flex: 1 1 14rem;
    width: auto;
    min-height: 2.25rem;
  }

  .button.danger {
    border-color: color-mix(in oklab, var(--down) 45%, transparent);
    color: var(--down);
  }

  .button.danger:hover:not(:disabled) {
    background: var(--down-wash);
  }

  .outcome {
    margin-top: var(--space-3);
    font-size: var(--text-sm);
  }

  .outcome:empty {
    margin: 0;
  }

  @container (max-width: 520px) {
    li {
      grid-template-columns: auto minmax(0, 1fr) auto;
      row-gap: 0;
    }

    .left {
      grid-column: 2 / -1;
      grid-row: 2;
      padding-bottom: 0.35rem;
      text-align: left;
    }

    label {
      grid-template-columns: minmax(0, 1fr);
    }

    .bar input {
      flex-basis: 100%;
    }

    .bar strong {
      flex-basis: 100%;
    }
  }
`;
