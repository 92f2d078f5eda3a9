import { css } from "lit";

export const recordingsStyles = css`
  .page {
    gap: var(--vt-s3);
    padding-block-end: 96px;
  }

  .news {
    justify-self: center;
  }

  .choose {
    display: none;
    margin-inline-start: auto;
  }

  .days {
    display: grid;
    gap: var(--vt-s4);
  }

  .day {
    gap: 6px;
  }

  .dayhead {
    position: sticky;
    inset-block-start: 0;
    z-index: 2;
    display: flex;
    align-items: center;
    gap: var(--vt-s2);
    padding: 6px 0 6px var(--vt-s3);
    background: var(--vt-page);
  }

  .dayhead h3 {
    font-size: var(--vt-size-l);
  }

  .box {
    display: grid;
    place-items: center;
    inline-size: max(28px, var(--vt-target));
    block-size: 28px;
    margin-inline: -6px 6px;
    cursor: pointer;
  }

  input[type="checkbox"] {
    inline-size: 18px;
    block-size: 18px;
    margin: 0;
    accent-color: var(--vt-accent-text);
  }

  .more {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: center;
    gap: var(--vt-s3);
    padding: var(--vt-s3);
    text-align: center;
  }

  .bulk {
    position: sticky;
    inset-block-end: var(--vt-s4);
    z-index: 5;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--vt-s2);
    justify-self: center;
    max-inline-size: 100%;
    padding: 6px 10px;
    border: 1px solid var(--vt-line);
    border-radius: 18px;
    background: var(--vt-card);
    box-shadow: var(--vt-shadow-2);
  }

  .sum {
    display: grid;
    line-height: 1.3;
    margin-inline-end: var(--vt-s3);
  }

  .sum .muted {
    font-size: var(--vt-size-s);
  }

  .acts {
    display: flex;
    flex-wrap: wrap;
    gap: 2px;
  }

  @media (max-width: 700px) {
    .choose {
      display: inline-flex;
    }

    .quiet {
      display: none;
    }

    .dayhead {
      padding-inline-start: var(--vt-s2);
    }

    .bulk {
      inset-block-end: 0;
      margin-inline: calc(-1 * var(--vt-s3));
      justify-self: stretch;
      max-inline-size: none;
      border-radius: 18px 18px 0 0;
      border-inline: 0;
      border-block-end: 0;
    }

    .sum {
      flex: 1;
    }

    .acts {
      flex-basis: 100%;
      flex-wrap: nowrap;
      justify-content: space-between;
      overflow-x: auto;
      scrollbar-width: none;
    }
  }
`;
