// Where the native libraries lie: our own once it is built, the graphics engine's once it is fetched.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** In the build folder `folder`, as this system names libraries. */
export const libraryIn = (folder) =>
  join(folder, `isoflop-native.${{ darwin: 'dylib', win32: 'dll' }[process.platform] ?? 'so'}`)

/** wgpu-native, which `npm run setup:gpu` fetches. */
export const graphicsLibrary = resolve(
  fileURLToPath(import.meta.url),
  '../../build/gpu',
  { darwin: 'libwgpu_native.dylib', win32: 'wgpu_native.dll' }[process.platform] ?? 'libwgpu_native.so',
)
