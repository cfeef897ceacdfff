import { css } from "lit";

export const boardStyles = css`
  .card {
    height: 100%;
  }

  ol {
    padding: 0 var(--space-2) var(--space-3);
    transition: opacity var(--calm);
  }

  .stale .value {
    opacity: 0.5;
  }

  li + li {
    border-top: 1px solid var(--line-soft);
  }

  li {
    background: var(--surface);
  }

  li a {
    display: grid;
    grid-template-columns: 3.1rem minmax(0, 1fr) auto 7rem;
    align-items: center;
    gap: var(--space-4);
    min-height: 3.5rem;
    padding: var(--space-1) var(--space-3);
    border-radius: var(--radius-md);
    transition: background var(--quick);
  }

  li a:hover {
    background: var(--sunken);
  }

  li a:focus-visible {
    outline-offset: -2px;
  }

  .rank {
    display: flex;
    align-items: baseline;
    gap: var(--space-2);
    color: var(--ink-faint);
    font-weight: 600;
  }

  .move {
    font-size: var(--text-xs);
    font-weight: 650;
  }

  .who {
    display: flex;
    flex-direction: column;
    min-width: 0;
  }

  .sub {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    margin-top: 1px;
    font-size: var(--text-xs);
    line-height: 1.4;
    white-space: nowrap;
  }

  .sub .chip {
    padding-block: 0;
  }

  .score {
    padding: var(--space-1) var(--space-2) var(--space-2);
    border-radius: var(--radius-sm);
    text-align: right;
  }

  .value {
    display: block;
    font-size: var(--text-lg);
    font-weight: 650;
    letter-spacing: -0.015em;
    line-height: 1.35;
    transition: opacity var(--calm);
  }

  .waiting {
    display: flex;
    align-items: center;
    height: 3.5rem;
    padding: 0 var(--space-3);
  }

  .waiting .skeleton {
    width: 100%;
    height: 1.1rem;
  }

  @media (max-width: 560px) {
    li a {
      grid-template-columns: 2.9rem minmax(0, 1fr) 5.5rem;
      gap: var(--space-2);
      padding-inline: var(--space-2);
    }

    rn-spark {
      display: none;
    }
  }
`;
