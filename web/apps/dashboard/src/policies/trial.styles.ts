import { css } from "lit";

export const trialStyles = css`
  .note {
    font-size: var(--text-sm);
  }

  .body {
    display: grid;
    gap: var(--space-5);
  }

  .figures {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-3) var(--space-6);
  }

  dt {
    color: var(--ink-soft);
    font-size: var(--text-sm);
  }

  dd {
    font-size: var(--text-xl);
    font-weight: 680;
    letter-spacing: -0.02em;
  }

  dd.faint {
    font-weight: 500;
  }

  small {
    font-size: var(--text-sm);
    font-weight: 450;
    letter-spacing: 0;
  }

  .columns {
    display: grid;
    grid-template-columns: minmax(0, 1fr) minmax(0, 1fr);
    gap: var(--space-5);
  }

  figcaption {
    display: grid;
    font-size: var(--text-sm);
  }

  figcaption strong,
  caption,
  h3 {
    font-size: var(--text-sm);
    font-weight: 600;
    text-align: left;
  }

  .plot {
    height: 14rem;
    margin-top: var(--space-2);
  }

  .movers {
    overflow-x: auto;
  }

  th,
  td {
    padding: 0.38rem var(--space-2) 0.38rem 0;
  }

  .number {
    padding-right: var(--space-3);
  }

  a:hover {
    text-decoration: underline;
  }

  .moves {
    display: flex;
    flex-wrap: wrap;
    gap: var(--space-2) var(--space-5);
    margin-top: var(--space-1);
    font-size: var(--text-sm);
  }

  .refusals {
    margin-top: var(--space-1);
    font-size: var(--text-sm);
  }

  code {
    font-family: var(--mono);
    font-size: 0.9em;
  }

  @media (max-width: 1000px) {
    .columns {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;
