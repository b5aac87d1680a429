// How the window is built: one page, no inline code, old engines (Chromium 109, WebKitGTK 2.36) kept in reach.
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// During `npm run dev` the pages talk to a running office; its address comes from the environment.
const office = process.env.NIANGJIA_OFFICE ?? 'http://127.0.0.1:8765'

export default defineConfig({
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'true',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(['/call', '/session', '/events', '/upload', '/download'].map((path) => [path, { target: office, changeOrigin: true }])),
  },
  build: {
    target: ['chrome109', 'safari15.4'],
    cssTarget: ['chrome109', 'safari15.4'],
    // data: addresses are refused by the content policy, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // The second verifier of the card lies beside its vectors' readers, not in the window; it is run here because Vitest is.
  test: { environment: 'node', include: ['src/**/*.test.ts', '../tests/credential/*.test.ts'] },
})
