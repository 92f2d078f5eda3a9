import { createHash } from "node:crypto";
import type { Plugin } from "vite";

const APP = "./vtrack-nvr.js";
const PAGES = "./vtrack-nvr-pages.js";

/**
 * Writes `version.txt`, a hash over all modules, and puts it behind the addresses by which they
 * import each other. An address without it would be another module, and loaded a second time.
 */
export function buildVersion(): Plugin {
  return {
    name: "build-version",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle)
        .filter((each) => each.type === "chunk")
        .sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
      const hash = createHash("sha256");
      for (const { fileName, code } of chunks) hash.update(`${fileName}\n${code}\n`);
      const version = hash.digest("hex").slice(0, 8);
      for (const chunk of chunks) {
        for (const address of [APP, PAGES]) {
          const quoted = new RegExp(`(from|import\\(?)\\s*(["'\`])${address.replace(/\./g, "\\.")}\\2`, "g");
          chunk.code = chunk.code.replace(quoted, `$1$2${address}?v=${version}$2`);
        }
      }
      this.emitFile({ type: "asset", fileName: "version.txt", source: `${version}\n` });
    },
  };
}
