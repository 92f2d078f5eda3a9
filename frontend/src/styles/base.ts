import { css } from "lit";

/** What every element of ours starts from: boxes, focus, hidden text, headings, links, fields. */
export const base = css`
  :host,
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  :host([hidden]),
  [hidden] {
    display: none !important;
  }

  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  figure {
    margin: 0;
    padding: 0;
  }

  ul,
  ol {
    list-style: none;
  }

  h1 {
    font-size: var(--vt-size-xl);
    font-weight: 500;
    line-height: 1.3;
  }

  h2 {
    font-size: var(--vt-size-l);
    font-weight: 500;
    line-height: 1.3;
  }

  h3 {
    font-size: var(--vt-size-m);
    font-weight: 500;
  }

  a {
    color: var(--vt-accent-text);
    text-underline-offset: 2px;
  }

  button {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
    touch-action: manipulation;
  }

  :focus-visible {
    outline: 2px solid var(--vt-accent-text);
    outline-offset: 2px;
  }

  .muted {
    color: var(--vt-text-2);
  }

  .small {
    font-size: var(--vt-size-s);
  }

  .num {
    font-variant-numeric: tabular-nums;
  }

  .truncate {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-inline-size: 0;
  }

  /* Read out, not seen. */
  .hidden-text {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .card {
    background: var(--vt-card);
    border: 1px solid var(--vt-line);
    border-radius: var(--vt-radius);
  }
`;

/** Native fields: `input`, `select`, `textarea`, with `label.field` around label text and field. */
export const fields = css`
  input:not([type="checkbox"], [type="radio"], [type="range"]),
  select,
  textarea {
    font: inherit;
    color: inherit;
    background: var(--vt-soft);
    border: 1px solid var(--vt-line-strong);
    border-radius: var(--vt-radius-s);
    min-block-size: var(--vt-target);
    padding-inline: 10px;
    min-inline-size: 0;
    font-variant-numeric: tabular-nums;
  }

  select option {
    background: var(--vt-card);
    color: var(--vt-text);
  }

  input[type="checkbox"],
  input[type="radio"] {
    inline-size: 18px;
    block-size: 18px;
    margin: 0;
    accent-color: var(--vt-accent-text);
  }

  input:user-invalid {
    border-color: var(--vt-error);
  }

  label.field {
    display: grid;
    gap: var(--vt-s1);
    font-size: var(--vt-size-s);
    color: var(--vt-text-2);
  }

  label.field > :is(input, select, textarea) {
    font-size: var(--vt-size-m);
    color: var(--vt-text);
  }
`;
