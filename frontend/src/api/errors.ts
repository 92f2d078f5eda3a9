import type { Texts } from "../i18n/texts";

/** An error that the server answered with, or that the connection met. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** `not_found`, `unauthorized`, `bad_range`, ...; `connection` where nobody answered */
    readonly code: string,
    readonly translationKey: string | null = null,
    readonly placeholders: Record<string, string> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** A request that a newer one of the same kind took the place of; nobody waits for its answer. */
export class Superseded extends Error {
  override name = "Superseded";
}

/** Read what Home Assistant's connection throws: an answer's error object, or its own numbers. */
export function readError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (typeof thrown === "object" && thrown !== null) {
    const error = thrown as Record<string, unknown>;
    if (typeof error.code === "string") {
      return new ApiError(
        typeof error.message === "string" ? error.message : error.code,
        error.code,
        typeof error.translation_key === "string" ? error.translation_key : null,
        (error.translation_placeholders ?? {}) as Record<string, string>,
      );
    }
  }
  // home-assistant-js-websocket throws numbers where the connection is lost.
  return new ApiError("The connection to Home Assistant is lost", "connection");
}

/** What a person reads of an error: the translated text, or the best there is. */
export function errorText(error: unknown, texts: Texts): string {
  const read = readError(error);
  if (!(read instanceof ApiError)) return texts.t("error.unexpected");
  if (read.code === "connection") return texts.t("error.connection");
  const key = read.translationKey;
  return (key && texts.error(key, read.placeholders)) || read.message;
}
