import { css } from "lit";

export const cardStyles = css`
  :host {
    display: block;
    block-size: 100%;
  }

  .card {
    display: flex;
    flex-direction: column;
    block-size: 100%;
    overflow: hidden;
    border: var(--ha-card-border-width, 1px) solid var(--ha-card-border-color, var(--vt-line));
    box-shadow: var(--ha-card-box-shadow, none);
  }

  header {
    display: flex;
    align-items: center;
    gap: var(--vt-s2);
    padding: 4px 4px 4px var(--vt-s4);
    padding-inline: var(--vt-s4) 4px;
  }

  h2 {
    flex: 1;
  }

  .lost {
    display: flex;
    align-items: center;
    gap: var(--vt-s2);
    padding: 4px var(--vt-s4);
    background: var(--vt-warning-soft);
    color: var(--vt-warning);
  }

  .lost ~ .body {
    filter: grayscale(0.85);
  }

  .waiting {
    flex: 1;
    min-block-size: 180px;
    border-radius: 0;
  }

  vtrack-empty {
    flex: 1;
    padding-block: var(--vt-s4);
  }

  .body {
    display: flex;
    flex-direction: column;
    flex: 1;
    min-block-size: 0;
  }

  .beside {
    flex-direction: row;
  }

  .main {
    display: flex;
    flex-direction: column;
    flex: 1 1 auto;
    min-inline-size: 0;
    min-block-size: 0;
  }

  .picture {
    position: relative;
    flex: 1 1 auto;
    min-block-size: 0;
    aspect-ratio: 16 / 9;
    background: #000;
  }

  :host([bounded]) .picture {
    aspect-ratio: auto;
  }

  .picture.fixed {
    flex: none;
    aspect-ratio: auto;
  }

  vtrack-player {
    position: absolute;
    inset: 0;
  }

  .picture .opener {
    position: absolute;
    inset-block-start: 4px;
    inset-inline-end: 4px;
    border-radius: 50%;
    background: rgb(0 0 0 / 45%);
    color: #fff;
    opacity: 0;
    transition: opacity var(--vt-fast);
  }

  .picture:hover .opener,
  .picture:focus-within .opener {
    opacity: 1;
  }

  @media (hover: none) {
    .picture .opener {
      opacity: 1;
    }
  }

  vtrack-timeline {
    flex: none;
  }

  vtrack-card-events {
    flex: 0 0 min(280px, 34%);
    min-block-size: 0;
    border-inline-start: 1px solid var(--vt-line);
  }

  /* Beside the picture it is as high as that, however many events there are. */
  .beside > vtrack-card-events {
    contain: size;
  }

  vtrack-card-events.below {
    flex: 0 1 auto;
    max-block-size: 264px;
    border-inline-start: 0;
    border-block-start: 1px solid var(--vt-line);
  }
`;
