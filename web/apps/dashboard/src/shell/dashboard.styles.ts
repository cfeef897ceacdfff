import { css } from "lit";

export const dashboardStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 100vh;
  }

  .skip {
    position: absolute;
    z-index: 30;
    top: var(--space-2);
    left: var(--space-2);
    padding: var(--space-2) var(--space-4);
    border-radius: var(--radius-md);
    background: var(--accent);
    color: var(--on-accent);
    transform: translateY(-200%);
  }

  .skip:focus {
    transform: none;
  }

  .bar {
    position: sticky;
    z-index: 20;
    top: 0;
    border-bottom: 1px solid var(--line);
    background: color-mix(in oklab, var(--paper) 88%, transparent);
    backdrop-filter: blur(12px);
  }

  .inside,
  main,
  footer {
    width: 100%;
    max-width: var(--page-width);
    margin-inline: auto;
    padding-inline: var(--space-5);
  }

  .inside {
    display: flex;
    align-items: center;
    gap: var(--space-3);
    min-height: 3.75rem;
  }

  .brand {
    display: flex;
    align-items: center;
    gap: var(--space-2);
    font-size: var(--text-lg);
    font-weight: 680;
    letter-spacing: -0.025em;
  }

  .brand img {
    display: block;
  }

  rn-search {
    flex: 0 1 22rem;
    margin-inline: auto;
  }

  .gap {
    flex: 1;
  }

  nav {
    display: flex;
    align-items: center;
    gap: var(--space-3);
  }

  .places {
    gap: 0;
    margin-left: var(--space-2);
  }

  .place {
    padding: var(--space-2) var(--space-3);
    border-radius: var(--radius-md);
    color: var(--ink-soft);
    font-size: var(--text-sm);
    font-weight: 550;
    transition: background var(--quick);
  }

  .place:hover {
    background: var(--sunken);
    color: var(--ink);
  }

  .place[aria-current] {
    color: var(--ink);
    text-decoration: underline;
    text-decoration-color: var(--accent);
    text-decoration-thickness: 2px;
    text-underline-offset: 0.45em;
  }

  .refusal {
    padding: var(--space-2) var(--space-5);
    background: var(--down-wash);
    color: var(--down);
    font-size: var(--text-sm);
    text-align: center;
  }

  main {
    flex: 1;
    padding-block: var(--space-5) var(--space-6);
  }

  .arriving {
    padding: var(--space-6);
  }

  .arriving .skeleton {
    display: block;
    width: min(24rem, 80%);
    height: 7rem;
  }

  main:focus {
    outline: none;
  }

  footer {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: var(--space-1) var(--space-5);
    padding-block: var(--space-4) var(--space-5);
    font-size: var(--text-xs);
  }

  footer a {
    text-decoration: underline;
    text-underline-offset: 2px;
  }

  @media (max-width: 920px) {
    .inside {
      flex-wrap: wrap;
      gap: var(--space-2) var(--space-3);
      padding-block: var(--space-2);
    }

    .actions {
      margin-left: auto;
    }

    rn-search {
      flex: 1 1 0;
      order: 1;
    }

    .places {
      order: 2;
      margin-left: 0;
    }

    .place.overview {
      display: none;
    }

    /* Search and places have a line of their own. */
    .inside::after {
      flex-basis: 100%;
      content: "";
    }
  }

  @media (max-width: 560px) {
    .inside,
    main,
    footer {
      padding-inline: var(--space-3);
    }

    main {
      padding-top: var(--space-3);
    }

    .actions {
      gap: var(--space-2);
    }
  }

  @media (max-width: 380px) {
    .inside > .chip {
      display: none;
    }
  }
`;
