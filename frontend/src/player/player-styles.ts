import { css } from "lit";

export const playerStyles = css`
  :host {
    display: block;
    min-inline-size: 0;
  }

  .player {
    display: grid;
    grid-template: minmax(0, 1fr) auto / minmax(0, 1fr);
    block-size: 100%;
    border-radius: inherit;
    overflow: clip;
    background: var(--vt-card);
  }

  /* Without a height from outside the pictures have their own shape; else they fill it. */
  .tiles {
    display: grid;
    gap: 2px;
    grid-auto-rows: minmax(0, 1fr);
    min-block-size: 0;
    place-self: stretch;
    aspect-ratio: 16 / 9;
    background: #000;
  }

  .tiles[data-count="2"],
  .tiles[data-count="3"],
  .tiles[data-count="4"] {
    grid-template-columns: 1fr 1fr;
  }

  .tiles[data-count="2"] {
    aspect-ratio: 32 / 9;
  }

  @media (max-aspect-ratio: 3 / 4) {
    .player[data-full] .tiles {
      grid-template-columns: 1fr;
    }
  }

  .tiles[data-count="3"] > :first-child {
    grid-row: span 2;
  }

  vtrack-player-tile.active::after {
    content: "";
    position: absolute;
    inset: 0;
    z-index: 3;
    border: 2px solid #8fd0ff;
    pointer-events: none;
  }

  :host([filled]) {
    position: fixed;
    inset: 0;
    z-index: 1000;
    background: #000;
  }

  .player[data-full] {
    background: #000;
  }

  .player[data-over]:not([data-resting]) .tiles {
    --vt-controls: 52px;
  }

  .player[data-over] .tiles {
    grid-row: 1 / -1;
    grid-column: 1;
    min-block-size: 0;
  }

  .player[data-over] vtrack-player-controls {
    grid-row: 2;
    grid-column: 1;
    z-index: 4;
    pointer-events: none;
    padding-block: var(--vt-s4) calc(var(--vt-s1) + env(safe-area-inset-bottom, 0px));
    background: linear-gradient(transparent, rgb(0 0 0 / 82%) 60%);
    color: #fff;
    --vt-text: #fff;
    --vt-text-2: rgb(255 255 255 / 80%);
    --vt-accent-text: #8fd0ff;
    --vt-card: #10202c;
    --vt-error: #ff8a80;
    transition: opacity var(--vt-fast);
  }

  .player[data-resting] {
    cursor: none;
  }

  .player[data-resting] vtrack-player-controls:not(:focus-within) {
    opacity: 0;
  }
`;
