import { css } from "lit";

export const panelStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    block-size: 100vh;
    block-size: 100dvh;
    background: var(--vt-page);
    overflow: hidden;
  }

  header {
    display: flex;
    align-items: center;
    gap: var(--vt-s3);
    flex: none;
    min-block-size: var(--header-height, 56px);
    padding-inline: var(--vt-s4);
    /* Not the header's colours of the theme: white on the standard blue is too faint to read. */
    background: var(--vt-card);
    color: var(--vt-text);
    border-block-end: 1px solid var(--vt-line);
  }

  h1 {
    white-space: nowrap;
    margin-inline-end: var(--vt-s4);
  }

  .burger {
    display: none;
    place-items: center;
    inline-size: 44px;
    block-size: 44px;
    margin-inline-start: -10px;
    border: 0;
    border-radius: 50%;
    background: none;
    cursor: pointer;
    --vt-icon-size: 24px;
  }

  :host([narrow]) .burger {
    display: grid;
  }

  nav {
    display: flex;
    gap: var(--vt-s1);
    align-self: stretch;
    min-inline-size: 0;
  }

  nav a {
    display: flex;
    align-items: center;
    gap: var(--vt-s2);
    padding-inline: var(--vt-s3);
    color: var(--vt-text-2);
    font-weight: 500;
    text-decoration: none;
    white-space: nowrap;
    border-block: 3px solid transparent;
  }

  nav a:hover {
    color: var(--vt-text);
  }

  nav a[aria-current] {
    color: var(--vt-accent-text);
    border-block-end-color: currentcolor;
  }

  nav a:focus-visible {
    outline-color: currentcolor;
    outline-offset: -4px;
    border-radius: var(--vt-radius-s);
  }

  .bar {
    display: none;
  }

  main {
    flex: 1;
    min-block-size: 0;
    overflow: auto;
    overscroll-behavior: contain;
  }

  .banner {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: var(--vt-s2);
    padding: var(--vt-s2) var(--vt-s4);
    background: var(--vt-warning-soft);
    color: var(--vt-warning);
    font-weight: 500;
  }

  /* Old, and still to be read: less opacity would take the contrast away. */
  .banner + main {
    filter: grayscale(0.85);
  }

  .skeletons {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(280px, 1fr));
    gap: var(--vt-s4);
    padding: var(--vt-s4);
  }

  .skeletons > * {
    block-size: 220px;
    border-radius: var(--vt-radius);
  }

  @media (max-width: 1100px) {
    header nav a {
      padding-inline: var(--vt-s2);
    }

    header nav vtrack-icon {
      display: none;
    }
  }

  @media (max-width: 760px) {
    header nav {
      display: none;
    }

    .bar {
      display: flex;
      flex: none;
      gap: 0;
      align-self: auto;
      padding-block-end: env(safe-area-inset-bottom, 0);
      background: var(--vt-card);
      border-block-start: 1px solid var(--vt-line);
    }

    /* Not of equal width: a long word takes what short ones leave. */
    .bar > * {
      flex: 1 1 max-content;
      min-inline-size: 0;
    }

    .bar a,
    .bar .more {
      display: grid;
      justify-items: center;
      align-content: center;
      gap: 3px;
      inline-size: 100%;
      min-block-size: 60px;
      padding: 0 2px;
      border: 0;
      background: none;
      color: var(--vt-text-2);
      font-size: 12px;
      font-weight: 500;
      --vt-icon-size: 24px;
    }

    .bar [aria-current] {
      color: var(--vt-accent-text);
    }

    .bar span {
      overflow: hidden;
      text-overflow: ellipsis;
      max-inline-size: 100%;
    }
  }

  @media (forced-colors: active) {
    nav a {
      border-block-color: Canvas;
    }

    nav a[aria-current] {
      border-block-end-color: Highlight;
    }
  }

  @media print {
    :host {
      block-size: auto;
      overflow: visible;
    }

    header,
    .bar {
      display: none;
    }

    main {
      overflow: visible;
    }
  }
`;
