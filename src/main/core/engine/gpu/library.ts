// The library that implements WebGPU (wgpu-native): where it lies.
import { join } from 'node:path'
import { firstFile, packageFolder } from '#main/platform/disk/system-files.ts'

const gpuLibraryName =
  { darwin: 'libwgpu_native.dylib', win32: 'wgpu_native.dll' }[process.platform as string] ?? 'libwgpu_native.so'

/** ISOFLOP_WGPU, beside the packaged app's resources, or where `npm run setup:gpu` puts it; null where it is not. */
export function findGpuLibrary(): string | null {
  const resources = (process as { resourcesPath?: string }).resourcesPath
  const root = packageFolder('isoflop')
  return firstFile([
    ...(process.env.ISOFLOP_WGPU ? [process.env.ISOFLOP_WGPU] : []),
    ...(resources ? [join(resources, 'gpu', gpuLibraryName)] : []),
    ...(root ? [join(root, 'build', 'gpu', gpuLibraryName)] : []),
  ])
}
