// How the three parts of the app are built: main and preload as CommonJS (Electron 22 to 45), the window for Chromium
// 108.
import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

/**
 * What carries a binary of its own, or is found at run time: everything else is bundled, so ESM-only packages load in
 * Node 16.
 */
const external = ['electron', 'libsql', 'koffi', /^@tensorflow\//, /^node:/]

export default defineConfig({
  main: {
    build: {
      target: 'node16',
      outDir: 'out/main',
      externalizeDeps: false,
      sourcemap: true,
      rollupOptions: {
        external,
        input: {
          index: resolve('src/main/index.ts'),
          cli: resolve('src/main/cli.ts'),
          worker: resolve('src/main/worker.ts'),
        },
        output: { format: 'cjs', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      target: 'node16',
      outDir: 'out/preload',
      externalizeDeps: false,
      rollupOptions: {
        input: { index: resolve('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].js' },
      },
    },
  },
  renderer: {
    root: 'src/renderer',
    plugins: [vue()],
    build: {
      target: 'chrome108',
      minify: 'oxc', // half as much to read and compile at each opening
      assetsInlineLimit: 0, // the content policy lets no data: font in
      outDir: 'out/renderer',
      chunkSizeWarningLimit: 2000,
      rollupOptions: { input: resolve('src/renderer/index.html') },
    },
  },
})
