import type { Plugin } from "vite";

interface Node {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** What stays of the text between two expressions of a template. */
export function shorten(tag: string, text: string): string {
  const joined = text.replace(/\s+/g, " ");
  if (tag === "css") {
    return joined
      .replace(/\/\*.*?\*\//g, "")
      .replace(/ *([{};,]) */g, "$1")
      .replace(/([a-z-]): /g, "$1:")
      .replace(/;}/g, "}");
  }
  // Between elements a space can be seen; inside a tag, at its end, it cannot.
  return joined.replace(/ (\/?>)/g, "$1").replace(/<!--(?!\[)[^$]*?-->/g, "");
}

/** Takes line breaks, indents and comments out of html`` and css`` when the modules are built. */
export function buildTemplates(): Plugin {
  return {
    name: "build-templates",
    apply: "build",
    enforce: "post",
    transform(code, id) {
      if (!/\/src\/.*\.ts$/.test(id)) return null;
      const edits: [number, number, string][] = [];
      const visit = (value: unknown): void => {
        if (Array.isArray(value)) value.forEach(visit);
        if (typeof value !== "object" || value === null || Array.isArray(value)) return;
        const node = value as Node;
        if (node.type === "TaggedTemplateExpression") {
          const tag = (node.tag as { name?: string }).name ?? "";
          if (tag === "html" || tag === "css") {
            const { quasis } = node.quasi as { quasis: (Node & { value: { raw: string } })[] };
            for (const quasi of quasis) {
              const { raw } = quasi.value;
              // Parsers differ in whether a piece includes its ` and ${: look for it.
              const from = code.indexOf(raw, quasi.start);
              if (raw && from >= quasi.start && from <= quasi.start + 1) {
                edits.push([from, from + raw.length, shorten(tag, raw)]);
              }
            }
          }
        }
        for (const [key, below] of Object.entries(node)) if (key !== "type") visit(below);
      };
      visit(this.parse(code));
      edits.sort((a, b) => b[0] - a[0]);
      let result = code;
      for (const [from, to, text] of edits) result = result.slice(0, from) + text + result.slice(to);
      return { code: result, map: null };
    },
  };
}
