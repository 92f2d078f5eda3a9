/** Our texts, in Home Assistant's language, through its own translations of this integration. */

import type { Hass, Localize } from "../api/hass";

const DOMAIN = "vtrack_nvr";

export type Values = Record<string, string | number>;

export class Texts {
  private localize?: Localize;
  private language?: string;
  private hass?: Hass;

  get loaded(): boolean {
    return this.localize !== undefined;
  }

  /**
   * Load the texts if the language has changed. Returns whether they are new.
   *
   * Called with each new hass: where another card asked for the same texts first, Home Assistant
   * answers at once and has them a moment later, in the `localize` of a later hass.
   */
  async load(hass: Hass): Promise<boolean> {
    this.hass = hass;
    if (this.language === hass.language) return false;
    this.language = hass.language;
    try {
      const [localize] = await Promise.all([
        hass.loadBackendTranslation("config_panel", DOMAIN),
        hass.loadBackendTranslation("exceptions", DOMAIN),
      ]);
      // The function that was loaded last knows both, but each call has its own: ask the newest.
      this.localize = (key, values) => localize(key, values) || this.hass!.localize(key, values);
      return true;
    } catch (error) {
      this.language = undefined; // asked again with the next change of hass
      throw error;
    }
  }

  /**
   * The text `config_panel.<key>` with its values filled in (ICU messages, plurals too).
   * A text that is missing shows its key, so that it is noticed.
   */
  readonly t = (key: string, values?: Values): string =>
    this.localize?.(`component.${DOMAIN}.config_panel.${key}`, values) || (this.localize ? key : "");

  /** The text of an error's translation key; undefined if there is none. */
  error(key: string, values?: Values): string | undefined {
    return this.localize?.(`component.${DOMAIN}.exceptions.${key}.message`, values) || undefined;
  }
}
