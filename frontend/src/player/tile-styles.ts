import { css } from "lit";

export const tileStyles = css`
  :host {
    position: relative;
    display: block;
    overflow: hidden;
    background: #000;
    color: #fff;
    block-size: 100%;
    min-block-size: 0;
  }

  .picture,
  .videos,
  .still,
  .black,
  .poster,
  video,
  vtrack-player-live {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
  }

  /* The order of the videos stays among themselves: words lie above all of them. */
  .picture {
    isolation: isolate;
  }

  video {
    object-fit: contain;
    background: #000;
    z-index: 0;
  }

  video.front {
    z-index: 1;
  }

  .still {
    z-index: 2;
    background: #000 no-repeat;
  }

  .poster {
    background: #000;
  }

  .black {
    background: #000;
  }

  .name,
  .badge {
    position: absolute;
    inset-block-start: var(--vt-s2);
    padding: 2px 8px;
    border-radius: var(--vt-radius-xs);
    background: rgb(0 0 0 / 62%);
    font-size: var(--vt-size-s);
    font-weight: 500;
  }

  .name {
    inset-inline-start: var(--vt-s2);
    max-inline-size: 60%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .badge {
    inset-inline-end: var(--vt-s2);
  }

  .word {
    position: absolute;
    inset-inline: 0;
    inset-block: 0 var(--vt-controls, 0px);
    margin: auto;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    align-content: center;
    justify-content: center;
    gap: var(--vt-s2) var(--vt-s3);
    padding: var(--vt-s4);
    text-align: center;
    text-wrap: balance;
    --vt-icon-size: 24px;
  }

  .word > span:not(.hint, .buttons) {
    max-inline-size: 44ch;
  }

  .busy,
  .problem {
    background: rgb(0 0 0 / 66%);
  }

  .hint {
    flex-basis: 100%;
    color: rgb(255 255 255 / 76%);
    font-size: var(--vt-size-s);
  }

  .corner {
    inset-block: auto calc(var(--vt-s3) + var(--vt-controls, 0px));
    inline-size: fit-content;
    max-inline-size: calc(100% - 2 * var(--vt-s3));
    padding: 4px 12px;
    border-radius: 999px;
    background: rgb(0 0 0 / 72%);
    font-size: var(--vt-size-s);
  }

  .buttons {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: var(--vt-s2);
    flex-basis: 100%;
    --vt-accent-text: #8fd0ff;
    --vt-card: #10202c;
    --vt-text: #fff;
  }

  .spinner {
    position: absolute;
    inset: 0;
    margin: auto;
    inline-size: 40px;
    block-size: 40px;
    border: 3px solid rgb(255 255 255 / 28%);
    border-block-start-color: #fff;
    border-radius: 50%;
    animation: turn 900ms linear infinite;
  }

  .spinner.small {
    position: static;
    margin: 0;
    inline-size: 20px;
    block-size: 20px;
    border-width: 2px;
  }

  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .spinner {
      animation-duration: 4s;
    }
  }

  @media (forced-colors: active) {
    .word,
    .name,
    .badge {
      forced-color-adjust: none;
    }
  }
`;
