import { css } from "lit";

/** A list of figures side by side, lines between them. */
export const figures = css`
  dl {
    display: grid;
    margin: 0;
  }

  .figure {
    border-left: 1px solid var(--line);
  }

  .figure:first-child {
    border-left: 0;
  }

  dt {
    color: var(--ink-faint);
    font-size: var(--text-sm);
  }

  dd {
    min-height: 2.2rem;
  }

  .value {
    width: 5rem;
    height: 1.5rem;
  }
`;

/** A table: words at the left, lines between its rows. */
export const table = css`
  table {
    width: 100%;
    border-collapse: collapse;
    font-size: var(--text-sm);
  }

  th,
  td {
    text-align: left;
    white-space: nowrap;
  }

  thead th {
    color: var(--ink-faint);
    font-size: var(--text-xs);
    font-weight: 500;
  }

  tbody tr {
    border-top: 1px solid var(--line-soft);
  }

  .number {
    text-align: right;
  }
`;

/** How much of something there is: a track, and in it as much of a bar. */
export const meter = css`
  .track {
    height: 6px;
    border-radius: 99px;
    background: var(--line);
  }

  .track i {
    display: block;
    height: 100%;
    border-radius: inherit;
    background: var(--accent);
    transition: width var(--calm) var(--ease);
  }
`;
