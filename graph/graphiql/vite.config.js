import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphql/",
  build: {
    // Fonts and images as files: the page's policy says where they may come from.
    assetsInlineLimit: 0,
    // The editor is one large file by nature.
    chunkSizeWarningLimit: 8000,
    rolldownOptions: {
      // "use client" means something to servers that render React, which nothing here does.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
  worker: { format: "es" },
});
