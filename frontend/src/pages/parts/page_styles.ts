import { css } from "lit";

/** How pages are laid out: a column of sections, cards in them, rows in cards. */
export const pageStyles = css`
  :host {
    display: block;
    container: page / inline-size;
  }

  .page {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--vt-s5);
    max-inline-size: 1440px;
    margin-inline: auto;
    padding: var(--vt-s5);
  }

  .narrow {
    max-inline-size: 1080px;
  }

  section {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--vt-s3);
    min-inline-size: 0;
    align-content: start;
  }

  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--vt-s2) var(--vt-s3);
    min-block-size: var(--vt-target);
  }

  .head > h2 {
    margin-inline-end: auto;
  }

  /* On a phone the heading has a line of its own above several buttons. */
  @media (max-width: 480px) {
    .head.many > h2 {
      flex-basis: 100%;
    }
  }

  .note {
    color: var(--vt-text-2);
    font-size: var(--vt-size-s);
    max-inline-size: 88ch;
    text-wrap: pretty;
  }

  .columns {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr));
    gap: var(--vt-s5);
  }

  .column {
    display: grid;
    gap: var(--vt-s5);
    align-content: start;
    min-inline-size: 0;
  }

  .rows {
    overflow: hidden;
  }

  .rows > * + * {
    border-block-start: 1px solid var(--vt-line);
  }

  .row {
    display: flex;
    align-items: center;
    gap: var(--vt-s3);
    padding: var(--vt-s3) var(--vt-s4);
    min-block-size: 56px;
  }

  .row > .grow {
    flex: 1;
    min-inline-size: 0;
  }

  .name {
    font-weight: 500;
    overflow-wrap: anywhere;
  }

  .meta {
    display: flex;
    flex-wrap: wrap;
    gap: 2px var(--vt-s3);
    color: var(--vt-text-2);
    font-size: var(--vt-size-s);
  }

  .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--vt-s2);
  }

  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 2px 10px;
    border-radius: 999px;
    background: var(--vt-soft-2);
    font-size: var(--vt-size-xs);
    font-weight: 500;
    line-height: 20px;
    white-space: nowrap;
    --vt-icon-size: 14px;
  }

  .chip.good {
    background: var(--vt-success-soft);
    color: var(--vt-success);
  }

  .chip.live {
    background: var(--vt-error-soft);
    color: var(--vt-error);
  }

  .chip.busy {
    background: var(--vt-tint);
    color: var(--vt-accent-text);
  }

  .chip.warn {
    background: var(--vt-warning-soft);
    color: var(--vt-warning);
  }

  .chip.bad {
    background: var(--vt-error-soft);
    color: var(--vt-error);
  }

  .problem {
    color: var(--vt-error);
  }

  table {
    inline-size: 100%;
    border-collapse: collapse;
    font-variant-numeric: tabular-nums;
  }

  th,
  td {
    padding: 10px var(--vt-s3);
    text-align: start;
    vertical-align: middle;
  }

  th {
    font-weight: 500;
    font-size: var(--vt-size-s);
    color: var(--vt-text-2);
    white-space: nowrap;
  }

  tr > :first-child {
    padding-inline-start: var(--vt-s4);
  }

  tr > :last-child {
    padding-inline-end: var(--vt-s4);
  }

  tbody tr {
    border-block-start: 1px solid var(--vt-line);
  }

  .end {
    text-align: end;
  }

  @container page (inline-size < 640px) {
    .page {
      gap: var(--vt-s5);
      padding: var(--vt-s4) var(--vt-s3);
    }

    .row {
      padding: var(--vt-s3);
    }
  }

  @media (forced-colors: active) {
    .chip {
      border: 1px solid currentcolor;
    }
  }
`;
