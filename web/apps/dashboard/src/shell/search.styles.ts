import { css } from "lit";

export const searchStyles = css`
  .box {
    position: relative;
  }

  .box > svg {
    position: absolute;
    top: 50%;
    left: var(--space-3);
    fill: none;
    stroke: var(--ink-faint);
    stroke-width: 1.6;
    stroke-linecap: round;
    transform: translateY(-50%);
    pointer-events: none;
  }

  input[type="search"] {
    min-height: 2.25rem;
    padding: 0 2.25rem;
    font-size: var(--text-sm);
    appearance: none;
  }

  input::-webkit-search-cancel-button {
    display: none;
  }

  kbd {
    position: absolute;
    top: 50%;
    right: var(--space-2);
    padding: 0.05rem 0.4rem;
    border: 1px solid var(--line);
    border-radius: 5px;
    color: var(--ink-faint);
    font: 500 var(--text-xs) / 1.4 var(--mono);
    transform: translateY(-50%);
    pointer-events: none;
  }

  input:focus ~ kbd {
    display: none;
  }

  .results {
    position: absolute;
    z-index: 10;
    top: calc(100% + var(--space-2));
    right: 0;
    left: 0;
    min-width: min(20rem, 88vw);
    padding: var(--space-1);
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-md);
    background: var(--raised);
    box-shadow: var(--shadow-float);
  }

  .results a {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    padding: var(--space-2) var(--space-3);
    border-radius: var(--radius-sm);
    font-size: var(--text-sm);
  }

  .results a[aria-selected="true"] {
    background: var(--accent-wash);
  }

  .results .score {
    margin-left: auto;
    font-weight: 600;
  }

  .none {
    padding: var(--space-3);
    color: var(--ink-soft);
    font-size: var(--text-sm);
  }

  @media (max-width: 560px) {
    kbd {
      display: none;
    }

    input[type="search"] {
      padding-right: var(--space-3);
      font-size: 1rem;
    }
  }
`;
