import { css } from "lit";

/** A month as a table of days, on the screen and on paper. */
export const reportStyles = css`
  .month {
    display: flex;
    align-items: center;
    gap: var(--vt-s1);
  }

  .month strong {
    font-weight: 500;
    min-inline-size: 10ch;
    text-align: center;
  }

  .scroll {
    overflow: auto;
    max-block-size: 72vh;
  }

  table {
    border-collapse: separate;
    border-spacing: 0;
    font-size: var(--vt-size-s);
  }

  th,
  td {
    padding: 6px;
    white-space: nowrap;
  }

  tbody tr {
    border: 0;
  }

  thead th {
    position: sticky;
    inset-block-start: 0;
    z-index: 2;
    background: var(--vt-card);
    padding-block: 10px;
  }

  .camera {
    position: sticky;
    inset-inline-start: 0;
    z-index: 1;
    background: var(--vt-card);
    color: var(--vt-text);
    font-weight: 500;
    text-align: start;
    max-inline-size: 180px;
    overflow: hidden;
    text-overflow: ellipsis;
  }

  thead .camera {
    z-index: 3;
  }

  .day {
    text-align: center;
    padding-inline: 0;
    min-inline-size: 28px;
  }

  .weekend {
    color: var(--vt-accent-text);
  }

  .cell {
    padding: 1px;
    text-align: center;
    font-size: 11px;
    line-height: 28px;
  }

  .cell > :not(.hidden-text) {
    display: block;
    border-radius: 5px;
    color: inherit;
    text-decoration: none;
  }

  .cell > :not(.hidden-text) {
    position: relative;
  }

  .cell a:hover {
    text-decoration: underline;
  }

  .cell.full > span:first-child,
  .swatch.full {
    background: color-mix(in srgb, var(--vt-kept) 26%, transparent);
  }

  .cell.most > a,
  .swatch.most {
    background: color-mix(in srgb, var(--vt-fetching) 24%, transparent);
    font-weight: 500;
  }

  .cell.some > a,
  .swatch.some {
    background: color-mix(in srgb, var(--vt-failed) 38%, transparent);
    font-weight: 600;
  }

  .cell.none > a,
  .swatch.none {
    background: var(--vt-failed);
    color: var(--vt-card);
    font-weight: 600;
  }

  .cell.nothing::before,
  .swatch.nothing::before {
    content: "·";
    color: var(--vt-text-2);
  }

  .strong {
    font-weight: 500;
  }

  tfoot > tr > * {
    position: sticky;
    inset-block-end: 0;
    border-block-start: 1px solid var(--vt-line);
    background: var(--vt-card);
    padding-block: 10px;
  }

  tfoot .camera {
    z-index: 3;
  }

  .under {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: var(--vt-s2) var(--vt-s5);
  }

  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: var(--vt-s1) var(--vt-s4);
    color: var(--vt-text-2);
    font-size: var(--vt-size-s);
  }

  .legend li {
    display: inline-flex;
    align-items: center;
    gap: 6px;
  }

  .swatch {
    display: inline-grid;
    place-items: center;
    inline-size: 18px;
    block-size: 18px;
    border-radius: 5px;
  }

  @media (forced-colors: active) {
    .cell > *,
    .swatch {
      border: 1px solid CanvasText;
    }

    .some > a,
    .none > a {
      border-width: 3px;
    }
  }
`;

/** The report on paper, as a page of its own: Home Assistant's sidebar cannot be hidden by us. */
export const PAPER = `
  @page { size: a4 landscape; margin: 12mm; }
  body { margin: 0; font: 9pt/1.4 system-ui, sans-serif; color: #000; }
  h1 { font-size: 14pt; font-weight: 600; margin: 0; }
  p { margin: 2pt 0 8pt; color: #444; }
  table { inline-size: 100%; border-collapse: collapse; font-size: 8pt; font-variant-numeric: tabular-nums; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  th, td { padding: 3pt 2pt; border: 0.5pt solid #bbb; text-align: center; font-weight: normal; white-space: nowrap; }
  .camera { text-align: start; font-weight: 600; white-space: normal; padding-inline: 4pt; }
  .end { text-align: end; padding-inline: 4pt; }
  .full { background: #cfe4f3; }
  .most { background: #f3e6cd; }
  .some { background: #f0c9b5; font-weight: 600; }
  .none { background: #b3400e; color: #fff; font-weight: 600; }
  a { color: inherit; text-decoration: none; }
  .hidden-text { display: none; }
  * { print-color-adjust: exact; }
`;
