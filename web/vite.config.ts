import { svelte } from "@sveltejs/vite-plugin-svelte";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";

/** `QUICKSTOCKS_URL` names the server that `npm run dev` talks to. */
const server = process.env.QUICKSTOCKS_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [
    svelte(),
    // Makes dist/sw.js of src/sw.ts, with the list of the files that open the page without a network.
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "sw.ts",
      injectRegister: false,
      injectManifest: { globPatterns: ["**/*.{html,js,css,svg}"] },
      manifest: {
        id: "/",
        name: "QuickStocks",
        short_name: "QuickStocks",
        description: "Search a company, pick it, watch its price live.",
        start_url: "/",
        scope: "/",
        display: "standalone",
        theme_color: "#1c4ed8",
        background_color: "#f4f5f8",
        categories: ["finance"],
        icons: [
          { src: "/favicon.svg", sizes: "any", type: "image/svg+xml" },
          { src: "/icons/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icons/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icons/maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
  ],
  build: {
    target: "es2023",
    // Inline data would need exceptions from the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: true,
  },
  server: {
    proxy: {
      "/api": { target: server },
      "/ws": { target: server, ws: true },
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
  },
});
