// The files of this very package that train a run elsewhere: the command line, what it carries in binary form, and what
// the native library is built from where the one of this computer does not fit.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { packageFolder, textOf } from './system-files.ts'

export interface OwnFiles {
  root: string
  /** Files and whole folders, from the root. */
  files: string[]
  /** Changes when what is in them does. */
  id: string
}

const wanted = [
  'package.json',
  'out/main/cli.js',
  'out/main/chunks',
  'build/native',
  'build/gpu',
  'src/native',
  'scripts/build-native.mjs',
  'scripts/native-library.mjs',
]
const packages = ['koffi', 'libsql']

/** Throws where they would not run on a cluster, which is Linux on x64. */
export function ownFiles(version: string): OwnFiles {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Fault(
      'unavailable',
      `What trains on this computer (${process.platform}, ${process.arch}) does not run on a cluster of another kind. Install Isoflop there, and name it with --isoflop.`,
    )
  const root = packageFolder('isoflop')
  if (!root || !existsSync(join(root, 'out/main/cli.js')))
    throw new Fault('unavailable', 'Isoflop does not find its own files. Run `npm run build` and try again.')
  const files = [...wanted, ...withDependencies(root)].filter((file) => existsSync(join(root, file)))
  const hash = createHash('sha256').update(version).update(files.join())
  for (const file of ['out/main/cli.js', 'build/native/isoflop-native.so'])
    if (existsSync(join(root, file))) hash.update(readFileSync(join(root, file)))
  return { root, files, id: `${version}-${hash.digest('hex').slice(0, 12)}` }
}

/** The package that PyTorch runs elsewhere, below the lab's resources; of any kind of computer, for it is Python. */
export function torchFiles(resources: string, version: string): OwnFiles {
  const root = join(resources, 'torch')
  const folder = join(root, 'isoflop_torch')
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.py')) : []
  if (names.length === 0)
    throw new Fault('unavailable', `Isoflop does not find its package for PyTorch in ${root}. Install it again.`)
  const files = names.sort().map((name) => `isoflop_torch/${name}`)
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)))
  return { root, files, id: `${version}-${hash.digest('hex').slice(0, 12)}` }
}

/** The folders of the packages and of all that they need and have here. */
function withDependencies(root: string): string[] {
  const found = new Set<string>()
  const visit = (name: string): void => {
    const folder = `node_modules/${name}`
    const text = textOf(join(root, folder, 'package.json'))
    if (text === null || found.has(folder) || /musl$/.test(name)) return
    found.add(folder)
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text) as Record<string, object | undefined>
    for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) visit(needed)
  }
  packages.forEach(visit)
  return [...found]
}
