// Every path that a document names is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]
/** A path may be written from the repository, from src, or from one of its sides. */
const roots = ['.', 'src', 'src/main', 'src/renderer/src']
const path = /(?<![\w/.<:-])(?:[\w.-]+\/)+[\w.-]*\.(?:ts|vue|mjs|cpp|h|json|sh|md)\b/g

it('every file that the documents name is there', () => {
  const missing = documents.flatMap((document) => {
    const named = readFileSync(document, 'utf8').match(path) ?? []
    return named
      .filter((file) => !/^build\//.test(file))
      .filter((file) => ![...roots, 'docs'].some((root) => existsSync(join(root, file))))
      .map((file) => `${document}: ${file}`)
  })
  expect(missing).toEqual([])
})
