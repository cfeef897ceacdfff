import { css } from "lit";

export const pageStyles = css`
  :host,
  .stack {
    display: grid;
    align-content: start;
    gap: var(--space-5);
    min-width: 0;
  }

  .columns {
    display: grid;
    grid-template-columns: 13rem minmax(0, 1fr);
    align-items: start;
    gap: var(--space-5);
  }

  .sideways {
    --ground: var(--surface);
  }

  nav ul {
    display: grid;
    gap: 2px;
    padding: var(--space-2);
  }

  nav a {
    display: grid;
    padding: var(--space-2) var(--space-3);
    border-radius: var(--radius-md);
    font-size: var(--text-sm);
    line-height: 1.4;
  }

  nav a > :first-child {
    font-weight: 550;
  }

  nav a .faint {
    font-size: var(--text-xs);
  }

  nav a:hover {
    background: var(--sunken);
  }

  nav a[aria-current],
  nav a[aria-current] .faint {
    background: var(--accent-wash);
    color: var(--accent);
  }

  .skeleton {
    display: block;
    height: 6rem;
  }

  nav .body,
  .waiting {
    padding: var(--space-4);
  }

  .head {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: var(--space-2) var(--space-4);
    padding: var(--space-4) var(--space-5);
    font-size: var(--text-sm);
  }

  .now {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 2px var(--space-3);
  }

  .now strong {
    font-size: var(--text-lg);
    letter-spacing: -0.015em;
  }

  .going {
    display: flex;
    align-items: center;
    gap: var(--space-3);
  }

  progress {
    width: 9rem;
    accent-color: var(--accent);
  }

  @media (max-width: 860px) {
    .columns {
      grid-template-columns: minmax(0, 1fr);
    }

    nav ul {
      grid-auto-flow: column;
      justify-content: start;
      width: max-content;
    }

    nav a {
      white-space: nowrap;
    }

    .head {
      grid-template-columns: minmax(0, 1fr);
      padding: var(--space-4);
    }
  }
`;
