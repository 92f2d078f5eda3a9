import { css } from "lit";

/** The overview's own look: the figures at its top, and the tiles. */
export const overviewStyles = css`
  .summary {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--vt-s4) var(--vt-s5);
    padding: var(--vt-s4) var(--vt-s5);
  }

  dl {
    flex: 1 1 520px;
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
    gap: var(--vt-s4);
  }

  .stat {
    min-inline-size: 0;
  }

  .stat + .stat {
    border-inline-start: 1px solid var(--vt-line);
    padding-inline-start: var(--vt-s4);
  }

  dt {
    color: var(--vt-text-2);
    font-size: var(--vt-size-s);
  }

  .value {
    display: block;
    font-size: 22px;
    font-weight: 500;
    line-height: 1.35;
    white-space: nowrap;
  }

  .under {
    display: block;
    color: var(--vt-text-2);
    font-size: var(--vt-size-xs);
    line-height: 1.35;
  }

  .isbad .value {
    color: var(--vt-error);
  }

  .search {
    position: relative;
    flex: 0 1 260px;
    color: var(--vt-text-2);
  }

  .search vtrack-icon {
    position: absolute;
    inset-inline-start: 10px;
    inset-block-start: calc(50% - 10px);
    pointer-events: none;
  }

  .search input {
    inline-size: 100%;
    padding-inline-start: 36px;
    color: var(--vt-text);
  }

  .tiles {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr));
    gap: var(--vt-s4);
  }

  .tiles li {
    display: grid;
  }

  /* Few cameras get large pictures, not a row with a hole. */
  .tiles[data-count="1"] {
    grid-template-columns: minmax(0, 560px);
  }

  .tiles[data-count="2"] {
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
    max-inline-size: 1040px;
  }

  .tiles[data-count="3"],
  .tiles[data-count="4"] {
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr));
  }

  .fetch {
    flex-wrap: wrap;
    row-gap: var(--vt-s1);
  }

  .fetch .name {
    min-inline-size: 96px;
  }

  .fetch vtrack-progress {
    flex: 1 1 160px;
  }

  .fetch .percent {
    min-inline-size: 4ch;
    text-align: end;
  }

  .fetch .tail {
    min-inline-size: 22ch;
    text-align: end;
  }

  @container page (inline-size < 640px) {
    .summary {
      padding: var(--vt-s4);
    }

    dl {
      flex-basis: 100%;
      grid-template-columns: 1fr 1fr;
    }

    .stat:nth-child(odd) {
      border: 0;
      padding: 0;
    }

    .summary .actions {
      inline-size: 100%;
    }

    .summary .actions > vtrack-button {
      flex: 1;
    }

    .tiles {
      gap: var(--vt-s3);
    }

    .search {
      flex-basis: 100%;
    }

    .fetch .name {
      flex-basis: 100%;
    }

    .fetch .percent {
      margin-inline-start: auto;
    }

    .fetch vtrack-progress {
      flex-basis: 100%;
      order: 2;
    }

    .fetch .tail {
      order: 3;
      min-inline-size: 0;
    }
  }
`;
