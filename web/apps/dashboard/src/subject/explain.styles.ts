import { css } from "lit";

export const explainStyles = css`
  li {
    display: grid;
    grid-template-columns: minmax(0, 9fr) minmax(0, 8fr) 4.4rem;
    align-items: center;
    gap: var(--space-4);
    min-height: 2.9rem;
    font-size: var(--text-sm);
  }

  li + li {
    border-top: 1px solid var(--line-soft);
  }

  li .skeleton {
    grid-column: 1 / -1;
    height: 1.2rem;
  }

  .what {
    display: grid;
    line-height: 1.35;
  }

  .what > .faint {
    font-size: var(--text-xs);
  }

  .what > :first-child {
    font-weight: 550;
  }

  .bar {
    position: relative;
    height: 1.1rem;
    background: linear-gradient(var(--line-strong), var(--line-strong)) center / 1px 100% no-repeat;
  }

  i {
    position: absolute;
    top: 15%;
    height: 70%;
    min-width: 1px;
    border-radius: 3px;
    transition: left var(--calm) var(--ease), width var(--calm) var(--ease);
  }

  .legend {
    font-size: var(--text-xs);
  }

  i.up {
    background: color-mix(in oklab, var(--up) 70%, transparent);
  }

  i.down {
    background: color-mix(in oklab, var(--down) 75%, transparent);
  }

  i.up.over {
    mask: linear-gradient(to right, black 50%, transparent);
  }

  i.down.over {
    mask: linear-gradient(to left, black 50%, transparent);
  }

  .points {
    font-weight: 600;
    text-align: right;
  }

  .total {
    display: flex;
    align-items: baseline;
    justify-content: space-between;
    margin-top: var(--space-2);
    padding-top: var(--space-3);
    border-top: 2px solid var(--line-strong);
    font-size: var(--text-md);
  }

  .total strong {
    font-size: var(--text-lg);
    font-weight: 680;
  }

  .button {
    margin-block: var(--space-2);
  }

  @media (max-width: 560px) {
    li {
      grid-template-columns: minmax(0, 10fr) minmax(0, 6fr) 3.9rem;
      gap: var(--space-2);
    }
  }
`;
