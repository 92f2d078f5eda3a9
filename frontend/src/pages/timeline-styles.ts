import { css } from "lit";

export const timelinePageStyles = css`
  :host {
    display: block;
    block-size: 100%;
  }

  .page {
    display: grid;
    grid-template: minmax(0, 1fr) auto / minmax(0, 1fr) 348px;
    grid-template-areas: "stage side" "timeline side";
    block-size: 100%;
  }

  .stage {
    grid-area: stage;
    display: flex;
    flex-direction: column;
    min-block-size: 0;
    min-inline-size: 0;
  }

  .bar {
    display: flex;
    align-items: center;
    gap: var(--vt-s2);
    padding: var(--vt-s1) var(--vt-s3);
    flex: none;
  }

  .grow {
    flex: 1;
  }

  .clock {
    border: 0;
    border-radius: var(--vt-radius-s);
    background: none;
    padding: 4px 10px;
    min-block-size: var(--vt-target);
    font-size: var(--vt-size-l);
    font-weight: 600;
    cursor: pointer;
  }

  .clock .muted {
    font-weight: 400;
    margin-inline-end: 4px;
  }

  .clock:hover {
    background: var(--vt-soft-2);
  }

  .live {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    color: var(--vt-playhead);
  }

  .live::before {
    content: "";
    inline-size: 10px;
    block-size: 10px;
    border-radius: 50%;
    background: currentcolor;
  }

  vtrack-player {
    flex: 1;
    min-block-size: 0;
    display: block;
    background: #0b0d0f;
  }

  vtrack-timeline {
    grid-area: timeline;
    max-block-size: 46vh;
    padding-block-end: var(--vt-s2);
    background: var(--vt-card);
  }

  aside {
    grid-area: side;
    display: flex;
    flex-direction: column;
    min-block-size: 0;
    overflow: auto;
    background: var(--vt-card);
    border-inline-start: 1px solid var(--vt-line);
  }

  section {
    padding: var(--vt-s3) var(--vt-s4);
  }

  section + section {
    border-block-start: 1px solid var(--vt-line);
  }

  @media (max-width: 1100px) {
    .page:not(.narrow) {
      grid-template-columns: minmax(0, 1fr) 300px;
    }
  }

  .narrow.page {
    display: flex;
    flex-direction: column;
    block-size: auto;
    min-block-size: 100%;
  }

  .narrow .stage {
    position: sticky;
    inset-block-start: 0;
    z-index: 5;
    background: var(--vt-page);
  }

  .narrow vtrack-player {
    aspect-ratio: 16 / 9;
    flex: none;
  }

  .narrow vtrack-timeline {
    max-block-size: none;
    border-block-end: 1px solid var(--vt-line);
  }

  .narrow aside {
    flex: 1;
    overflow: visible;
    border: 0;
  }

  .narrow section {
    max-inline-size: 560px;
    inline-size: 100%;
  }
`;
