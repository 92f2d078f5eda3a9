import type { App } from "../store/app";

/**
 * Return `config_panel.count.<what>` in the form that the number needs: "1 clip", "3 clips".
 *
 * Home Assistant reads all texts with Python's formatter, which knows no ICU plurals.
 */
export function counted(app: App, what: string, count: number): string {
  const rule = new Intl.PluralRules(app.hass.locale.language).select(count);
  const form = rule === "one" ? "one" : "other";
  return app.t(`count.${what}.${form}`, { count: app.formats.number(count) });
}
