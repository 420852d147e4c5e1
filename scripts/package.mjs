// `npm run package`: builds the desktop app for this machine into dist/: AppImage, dmg and zip, or an installer for
// Windows.
// --dir: only the unpacked folder, for which nothing is fetched but an Electron; --to DIR: into another folder than
// dist; --inspectable: a test may drive the app, which a released one forbids.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import builder from 'electron-builder'
import { configuration } from '../electron-builder.config.mjs'
import { findElectron, root } from './electron.mjs'
import { libraryIn } from './native-library.mjs'

const { dir, to, inspectable } = parseArgs({
  options: {
    dir: { type: 'boolean' },
    to: { type: 'string', default: join(root, 'dist') },
    inspectable: { type: 'boolean', default: false },
  },
}).values
const output = resolve(to)

for (const script of ['build.mjs', 'build-native.mjs']) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', script)], { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
if (!existsSync(libraryIn(join(root, 'build', 'native'))))
  console.log('The app goes without the native engine, which was not built here, and will train with a slower one.')

// An Electron that lies here unpacked, else electron-builder fetches one. What setup-electron.mjs takes out of a wheel
// is for tests alone.
const electron = findElectron()
try {
  const made = await builder.build({
    projectDir: root,
    targets: builder.createTargets([builder.Platform.current()], dir ? 'dir' : null, process.arch),
    config: {
      ...configuration,
      electronFuses: { ...configuration.electronFuses, enableNodeCliInspectArguments: inspectable },
      directories: { ...configuration.directories, output },
      ...(electron ? { electronDist: electron.folder } : {}),
      ...(/^\d/.test(electron?.version ?? '') ? { electronVersion: electron.version } : {}),
    },
  })
  console.log(made.length > 0 ? made.join('\n') : `The app lies in ${output}.`)
} catch (error) {
  console.error(`The app could not be packaged: ${error.message.split('\n')[0]}.`)
  if (/ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|status code/i.test(error.message)) {
    console.error(
      'Something had to be fetched. With an Electron that you have: ELECTRON_OVERRIDE_DIST_PATH=/its/folder npm run package -- --dir',
    )
  }
  process.exitCode = 1
}
