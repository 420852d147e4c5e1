// Where the native library lies once it is built.
import { join } from 'node:path'

/** In the build folder `folder`, as this system names libraries. */
export const libraryIn = (folder) =>
  join(folder, `isoflop-native.${{ darwin: 'dylib', win32: 'dll' }[process.platform] ?? 'so'}`)
