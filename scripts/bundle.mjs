// A TypeScript file and all that it imports, as one CommonJS file for Node alone; native packages stay outside it.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

export const root = resolve(fileURLToPath(import.meta.url), '../..')

/** Bundles `source` (below the root) into `build/<folder>/<name>`, emptied before; returns its path. */
export async function bundle(source, folder, name = 'parts.cjs') {
  const outDir = join(root, 'build', folder)
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { vitest: join(root, 'test/support/small-vitest.ts') } },
    ssr: { noExternal: true },
    build: {
      ssr: source,
      outDir,
      emptyOutDir: true,
      copyPublicDir: false,
      target: 'node16',
      rollupOptions: {
        external: ['koffi', 'libsql', /^@tensorflow\//],
        output: { format: 'cjs', entryFileNames: name, codeSplitting: false },
      },
    },
  })
  return join(outDir, name)
}
