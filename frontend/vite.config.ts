import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { buildTemplates } from "./build-templates.ts";
import { buildVersion } from "./build-version.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Four modules with fixed names. Stub and hls.js share nothing with the app: the former is loaded
 * on every page of Home Assistant, the latter only when somebody plays. The pages beside the
 * timeline take what they share from the app (see build-version.ts).
 */
export default defineConfig({
  root: here("."),
  publicDir: false,
  plugins: [buildTemplates(), buildVersion()],
  server: { host: "127.0.0.1", port: 5199, strictPort: false, fs: { allow: [here("..")] } },
  build: {
    outDir: here("../custom_components/vtrack_nvr/frontend"),
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        "vtrack-nvr": here("src/main.ts"),
        "vtrack-nvr-card": here("src/card/stub.ts"),
        "vtrack-nvr-hls": here("src/player/hls-module.ts"),
      },
      preserveEntrySignatures: "allow-extension",
      output: {
        format: "es",
        entryFileNames: "[name].js",
        chunkFileNames: ({ name }) => (name === "all" ? "vtrack-nvr-pages.js" : "unexpected-[name].js"),
      },
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    env: { TZ: "UTC" },
  },
});
