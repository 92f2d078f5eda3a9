import { css } from "lit";

/**
 * Design tokens, on the variables of Home Assistant's themes. Panel and card set them on their
 * host; everything inside inherits them. Use these, never a colour of your own.
 *
 * Colours of states: after Okabe and Ito, each at least 3:1 against the lane in both themes.
 */
export const tokens = css`
  :host {
    --vt-text: var(--primary-text-color, #1c1c1c);
    --vt-text-2: var(--secondary-text-color, #5e5e5e);
    --vt-page: var(--primary-background-color, #fafafa);
    --vt-card: var(--ha-card-background, var(--card-background-color, #fff));
    --vt-accent: var(--primary-color, #009ac7);
    /* Text in the accent colour, dark or light enough to read on a card. */
    --vt-accent-text: color-mix(in srgb, var(--vt-accent) 62%, #000);
    --vt-on-accent: var(--text-primary-color, #fff);
    --vt-line: var(--divider-color, rgb(0 0 0 / 12%));
    --vt-line-strong: color-mix(in srgb, var(--vt-text) 45%, transparent);
    --vt-soft: color-mix(in srgb, var(--vt-text) 5%, transparent);
    --vt-soft-2: color-mix(in srgb, var(--vt-text) 10%, transparent);
    --vt-tint: color-mix(in srgb, var(--vt-accent) 12%, transparent);
    --vt-tint-2: color-mix(in srgb, var(--vt-accent) 22%, transparent);
    --vt-error: #b3261e;
    --vt-warning: #8a5000;
    --vt-success: #1e6b34;
    --vt-error-soft: color-mix(in srgb, var(--vt-error) 10%, transparent);
    --vt-warning-soft: color-mix(in srgb, var(--vt-warning) 12%, transparent);
    --vt-success-soft: color-mix(in srgb, var(--vt-success) 12%, transparent);

    --vt-lane: #f1f3f5;
    --vt-lane-low: #e4e7ea;
    --vt-kept: #0072b2;
    --vt-on-device: #0072b2;
    --vt-on-request: #0072b2;
    --vt-fetching: #9a5b00;
    --vt-failed: #b3400e;
    --vt-lost: #1a1a1a;
    --vt-missing: #8e3a7a;
    --vt-removed: #6b6b6b;
    --vt-absent: #8a9097;
    --vt-not-wanted: #c9ced3;
    --vt-protected: #8a6a00;
    --vt-event: #3d5a00;
    --vt-playhead: #d0021b;
    --vt-selection: #0b57d0;

    --vt-radius: var(--ha-card-border-radius, 12px);
    --vt-radius-s: 8px;
    --vt-radius-xs: 4px;
    --vt-shadow: 0 1px 2px rgb(0 0 0 / 8%), 0 1px 6px rgb(0 0 0 / 6%);
    --vt-shadow-2: 0 4px 24px rgb(0 0 0 / 18%), 0 1px 4px rgb(0 0 0 / 12%);
    --vt-s1: 4px;
    --vt-s2: 8px;
    --vt-s3: 12px;
    --vt-s4: 16px;
    --vt-s5: 24px;
    --vt-s6: 32px;
    --vt-target: 36px;
    --vt-font: var(--ha-font-family-body, var(--paper-font-body1_-_font-family, Roboto, system-ui, sans-serif));
    --vt-size-xs: 12px;
    --vt-size-s: 13px;
    --vt-size-m: 14px;
    --vt-size-l: 16px;
    --vt-size-xl: 20px;
    --vt-size-xxl: 26px;
    --vt-fast: 120ms;

    color: var(--vt-text);
    font-family: var(--vt-font);
    font-size: var(--vt-size-m);
    line-height: 1.45;
    color-scheme: light;
  }

  :host([dark]) {
    --vt-accent-text: color-mix(in srgb, var(--vt-accent) 70%, #fff);
    --vt-error: #ff8a80;
    --vt-warning: #ffc46b;
    --vt-success: #7ddc94;
    --vt-lane: #23272b;
    --vt-lane-low: #181b1e;
    --vt-kept: #56b4e9;
    --vt-on-device: #56b4e9;
    --vt-on-request: #56b4e9;
    --vt-fetching: #f0c14b;
    --vt-failed: #ff8a5b;
    --vt-lost: #f2f2f2;
    --vt-missing: #e39bd0;
    --vt-removed: #a8a8a8;
    --vt-absent: #7d858c;
    --vt-not-wanted: #3a4046;
    --vt-protected: #ffd24a;
    --vt-event: #b9dd6b;
    --vt-playhead: #ff5a5f;
    --vt-selection: #8ab4ff;
    --vt-shadow: 0 1px 2px rgb(0 0 0 / 40%);
    --vt-shadow-2: 0 6px 28px rgb(0 0 0 / 55%), 0 1px 4px rgb(0 0 0 / 40%);
    color-scheme: dark;
  }

  @media (pointer: coarse) {
    :host {
      --vt-target: 44px;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    :host {
      --vt-fast: 0ms;
    }
  }
`;
