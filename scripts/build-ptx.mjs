// Compiles src/native/cuda into resources/cuda/*.ptx, which is kept: to run the lab takes NVIDIA's driver alone.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNvrtc, loadNvrtc, modules, wheel } from './cuda/nvrtc.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = findNvrtc()
if (!folder) {
  console.error(`NVIDIA's compiler is missing: pip install ${wheel}, or set ISOFLOP_NVRTC to its folder.`)
  process.exit(1)
}
const { compile } = loadNvrtc(folder)
mkdirSync(join(root, 'resources', 'cuda'), { recursive: true })
for (const module of modules) {
  const ptx = compile(join(root, 'src', 'native', 'cuda'), module)
  writeFileSync(join(root, 'resources', 'cuda', `${module.name}.ptx`), ptx)
  console.log(`${module.name}.ptx: ${(ptx.length / 1024).toFixed(0)} KiB for ${module.architecture}`)
}
