// How the pages are built: one entry page per face, all under /ui/, into dist/ui.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const faces = ['operator', 'customer', 'devices', 'kiosk', 'phone']
const edge = process.env['EDGE_URL'] ?? 'http://127.0.0.1:7070'

export default defineConfig({
  base: '/ui/',
  publicDir: false,
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  css: { transformer: 'lightningcss' },
  build: {
    // Chromium 109 is the last that runs on the Windows 7 and POSReady 7 boxes still in stores.
    target: ['chrome109'],
    cssTarget: ['chrome109'],
    manifest: 'manifest.json',
    assetsInlineLimit: 1024,
    modulePreload: { polyfill: false },
    outDir: 'dist/ui',
    emptyOutDir: true,
    rolldownOptions: {
      input: Object.fromEntries(faces.map((face) => [face, `${face}/index.html`])),
    },
  },
  server: { proxy: { '/api': edge } },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/locales/every-room.ts'],
  },
})
