import { css } from "lit";

export const timelineStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-inline-size: 0;
    min-block-size: 0;
    --label: 148px;
    user-select: none;
    -webkit-user-select: none;
  }

  /* In a card of three rows: the picture needs the room of the buttons. */
  :host([bare]) vtrack-timeline-tools {
    display: none;
  }

  :host([compact]),
  :host([narrow]) {
    --label: 0px;
  }

  .tools {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--vt-s1);
    padding: var(--vt-s2) var(--vt-s3);
  }

  .spans {
    display: inline-flex;
    border: 1px solid var(--vt-line);
    border-radius: 999px;
    overflow: hidden;
  }

  .spans button {
    min-block-size: max(30px, calc(var(--vt-target) - 6px));
    min-inline-size: 44px;
    padding-inline: 10px;
    border: 0;
    background: none;
    font-size: var(--vt-size-s);
    font-weight: 500;
    cursor: pointer;
  }

  .spans button:hover {
    background: var(--vt-soft-2);
  }

  .spans button[aria-pressed="true"] {
    background: var(--vt-tint-2);
    color: var(--vt-accent-text);
  }

  .spans button:focus-visible {
    outline-offset: -3px;
    border-radius: 999px;
  }

  .grow {
    flex: 1;
  }

  .frame {
    position: relative;
    display: flex;
    flex-direction: column;
    min-block-size: 0;
    flex: 0 1 auto;
    border-block: 1px solid var(--vt-line);
  }

  .ruler {
    position: relative;
    margin-left: var(--label);
    block-size: 40px;
    flex: none;
    cursor: ew-resize;
    touch-action: none;
    border-block-end: 1px solid var(--vt-line);
  }

  .ruler canvas,
  .track > canvas {
    display: block;
    inline-size: 100%;
    block-size: 100%;
  }

  .scroll {
    position: relative;
    display: flex;
    overflow: hidden auto;
    overscroll-behavior: contain;
    min-block-size: 0;
    scrollbar-width: none;
  }

  .scroll::-webkit-scrollbar {
    display: none;
  }

  .labels {
    inline-size: var(--label);
    flex: none;
    position: relative;
  }

  .label {
    position: absolute;
    inset-inline: 0;
    display: flex;
    align-items: center;
    gap: 8px;
    padding-inline: 14px 10px;
    font-size: var(--vt-size-s);
    cursor: pointer;
    border-inline-start: 3px solid transparent;
  }

  .label:hover {
    background: var(--vt-soft);
  }

  .label[aria-current] {
    border-inline-start-color: var(--vt-accent-text);
    background: var(--vt-tint);
    font-weight: 500;
  }

  .label:focus-visible {
    outline-offset: -2px;
    border-radius: var(--vt-radius-xs);
  }

  .label .dot {
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--vt-playhead);
    flex: none;
  }

  .over .labels {
    position: absolute;
    inset-block: 0;
    inset-inline-start: 0;
    inline-size: auto;
    z-index: 2;
    pointer-events: none;
  }

  .over .label {
    inset-inline: 8px auto;
    block-size: 18px !important;
    padding: 0;
    border: 0;
    background: none !important;
    font-size: 12px;
    color: var(--vt-text-2);
    pointer-events: auto;
    white-space: nowrap;
  }

  .over .label[aria-current] {
    color: var(--vt-text);
    font-weight: 600;
  }

  .track {
    position: relative;
    flex: 1;
    min-inline-size: 0;
    cursor: pointer;
    touch-action: pan-y;
  }

  .track.selecting {
    cursor: crosshair;
  }

  .overlay {
    position: absolute;
    inset: 0 0 0 var(--label);
    overflow: hidden;
    pointer-events: none;
  }

  .line {
    position: absolute;
    inset-block: 0;
    left: 0;
    inline-size: 0;
  }

  .hover {
    border-left: 1px dashed var(--vt-line-strong);
    inset-block-start: 40px;
  }

  .now {
    border-left: 1px solid var(--vt-text-2);
    inset-block-start: 28px;
    opacity: 0.8;
  }

  .playhead {
    border-left: 2px solid var(--vt-playhead);
    margin-left: -1px;
    inset-block-start: 24px;
    z-index: 3;
  }

  .knob {
    position: absolute;
    inset-block-start: -4px;
    left: -11px;
    inline-size: 20px;
    block-size: 20px;
    pointer-events: auto;
    cursor: ew-resize;
    touch-action: none;
  }

  .knob::before {
    content: "";
    position: absolute;
    inset: 4px;
    background: var(--vt-playhead);
    border-radius: 3px 3px 50% 50%;
  }

  @media (pointer: coarse) {
    .knob {
      left: -23px;
      inline-size: 44px;
      block-size: 44px;
      inset-block-start: -16px;
    }

    .knob::before {
      inset: 13px;
    }
  }

  .selection {
    position: absolute;
    inset-block: 0;
    left: 0;
    background: color-mix(in srgb, var(--vt-selection) 14%, transparent);
    border-inline: 2px solid var(--vt-selection);
    z-index: 2;
  }

  .handle {
    position: absolute;
    inset-block-start: 2px;
    inline-size: 22px;
    block-size: 22px;
    margin-left: -11px;
    border: 0;
    padding: 0;
    border-radius: 50%;
    background: var(--vt-selection);
    box-shadow: 0 0 0 2px var(--vt-card);
    color: var(--vt-card);
    pointer-events: auto;
    cursor: ew-resize;
    touch-action: none;
    z-index: 4;
  }

  .handle::before {
    content: "";
    position: absolute;
    inset: 6px 8px;
    border-inline: 2px solid currentcolor;
  }

  .handle::after {
    content: "";
    position: absolute;
    inset: -10px;
  }

  .length {
    position: absolute;
    inset-block-end: 4px;
    left: 50%;
    translate: -50%;
    padding: 1px 8px;
    border-radius: 99px;
    background: var(--vt-selection);
    color: var(--vt-card);
    font-size: 12px;
    font-weight: 600;
    white-space: nowrap;
  }

  .previews {
    position: absolute;
    inset: 0 0 auto var(--label);
    block-size: 0;
  }

  .skip {
    position: absolute;
    inset-inline-start: var(--vt-s3);
    inset-block-start: 4px;
    z-index: 8;
  }

  .skip:not(:focus) {
    clip-path: inset(50%);
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    padding: 0;
  }

  .mini {
    margin-left: var(--label);
    margin-block-start: var(--vt-s2);
  }

  @media (forced-colors: active) {
    .playhead,
    .now,
    .hover {
      border-color: Highlight;
    }

    .knob::before,
    .handle {
      background: Highlight;
      forced-color-adjust: none;
    }

    .label[aria-current] {
      border-inline-start-color: Highlight;
    }
  }
`;
