import { css } from "lit";

export const schedulesStyles = css`
  .schedule {
    display: grid;
    gap: var(--vt-s3);
    padding: var(--vt-s4);
  }

  .top {
    display: flex;
    align-items: flex-start;
    gap: var(--vt-s3);
  }

  .grow {
    flex: 1;
    min-inline-size: 0;
    display: grid;
  }

  .week {
    display: grid;
    grid-template-columns: auto minmax(0, 1fr);
    align-items: center;
    gap: 4px var(--vt-s3);
  }

  .dayname {
    color: var(--vt-text-2);
    font-size: var(--vt-size-xs);
  }

  .daybar {
    position: relative;
    block-size: 12px;
    border-radius: 4px;
    overflow: hidden;
    background: var(--vt-soft-2);
    background-image: linear-gradient(90deg, var(--vt-line) 1px, transparent 1px);
    background-size: 25% 100%;
  }

  .daybar > span {
    position: absolute;
    inset-block: 0;
    background: var(--vt-accent-text);
  }

  .hours {
    display: flex;
    justify-content: space-between;
    color: var(--vt-text-2);
    font-size: 11px;
    line-height: 1;
  }

  .assign {
    margin-block-start: var(--vt-s3);
  }

  .assign :is(th, td) {
    padding-inline: var(--vt-s2);
  }

  .assign thead th {
    white-space: normal;
    vertical-align: bottom;
  }

  .assign th[scope="row"] {
    color: var(--vt-text);
    white-space: normal;
  }

  .tick {
    text-align: center;
  }

  @media (forced-colors: active) {
    .daybar {
      border: 1px solid CanvasText;
    }

    .daybar > span {
      forced-color-adjust: none;
      background: Highlight;
    }
  }
`;
