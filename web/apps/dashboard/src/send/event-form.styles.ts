import { css } from "lit";

export const formStyles = css`
  form {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--space-4);
    padding: var(--space-5);
  }

  .field {
    display: grid;
    gap: var(--space-1);
  }

  .label {
    color: var(--ink-soft);
    font-size: var(--text-sm);
    font-weight: 550;
  }

  fieldset {
    display: grid;
    gap: var(--space-2);
    min-width: 0;
    margin: 0;
    padding: var(--space-3) var(--space-4) var(--space-4);
    border: 1px solid var(--line);
    border-radius: var(--radius-md);
  }

  legend {
    padding-inline: var(--space-1);
  }

  legend .faint,
  .check .faint {
    font-weight: 400;
  }

  .check {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    color: var(--ink);
  }

  .check input {
    width: 1.05rem;
    height: 1.05rem;
    margin: 0;
  }

  .check .faint {
    font-family: var(--mono);
    font-size: var(--text-xs);
  }

  summary {
    width: fit-content;
    color: var(--ink-soft);
    font-size: var(--text-sm);
    cursor: pointer;
  }

  details[open] summary {
    margin-bottom: var(--space-2);
  }

  .button {
    justify-self: start;
    min-height: 2.6rem;
    padding-inline: var(--space-5);
    font-size: var(--text-md);
  }

  @media (max-width: 560px) {
    form {
      padding: var(--space-4);
    }

    .button {
      justify-self: stretch;
    }
  }
`;
