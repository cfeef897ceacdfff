import { css } from "lit";
import { table } from "../styles/numbers.ts";

/** Tables of counts: words at the left, numbers at the right, a bar behind what is compared. */
export const tables = css`
  ${table}

  .card {
    height: 100%;
  }

  .scroll {
    overflow-x: auto;
    padding: 0 var(--space-4) var(--space-4);
  }

  th,
  td {
    padding: 0.42rem var(--space-2);
  }

  tbody th {
    font-weight: 600;
  }

  td.number {
    font-weight: 550;
  }

  .share {
    width: 34%;
    min-width: 4rem;
  }

  .share i {
    display: block;
    height: 0.5rem;
    border-radius: 99px;
    background: color-mix(in oklab, var(--accent) 55%, transparent);
    transition: width var(--calm) var(--ease);
  }

  h3 {
    padding: var(--space-3) var(--space-2) var(--space-1);
    color: var(--ink-faint);
    font-size: var(--text-xs);
    font-weight: 500;
  }

  h3:first-child {
    padding-top: 0;
  }

  .quiet {
    padding: 0.42rem var(--space-2);
    color: var(--ink-soft);
    font-size: var(--text-sm);
  }

  @media (max-width: 560px) {
    .share {
      display: none;
    }

    .scroll {
      padding-inline: var(--space-2);
    }
  }
`;
