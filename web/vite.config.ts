import { defineConfig } from "vitest/config";
import solid from "vite-plugin-solid";

// The page is served from the binary under `default-src 'self'`: one script, one style sheet, nothing inline, and
// relative addresses so that it also works behind a proxy's path prefix.
export default defineConfig({
  base: "./",
  plugins: [solid({ hot: false })],
  build: {
    target: "es2022",
    // A twentieth smaller than what the built-in one makes, which keeps all of the page below 200 kB compressed.
    minify: "terser",
    terserOptions: { module: true, compress: { passes: 3 } },
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: true,
  },
  // Tests read tables that the daemon is tested with too.
  server: { fs: { allow: [".."] } },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
    // Style sheets are read, not emptied: contrast is tested on the tokens.
    css: true,
  },
});
