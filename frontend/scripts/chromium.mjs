// Starts Vite and Debian's Chromium for the scripts beside this one.
import { chromium } from "playwright-core";
import { createServer } from "vite";

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export async function start() {
  const server = await createServer({ logLevel: "error", server: { port: 0 } });
  await server.listen();
  const { port } = server.httpServer.address();
  const browser = await launch();
  return {
    browser,
    address: `http://127.0.0.1:${port}`,
    async stop() {
      await browser.close();
      await server.close();
    },
  };
}
