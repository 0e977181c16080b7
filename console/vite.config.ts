import { defineConfig } from "vite";

export default defineConfig({
  // The site stands at / on AWS and at /console/ locally: every address is relative.
  base: "./",
  build: {
    outDir: "../build/console",
    emptyOutDir: true,
    target: ["es2022", "chrome117", "firefox119", "safari17.4"],
    // The Content-Security-Policy allows no font or script that is written into a file: small ones stay files too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
