// What the floor plan promises and no import rule can see: files stay small, and nothing goes round in a circle.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = join(__dirname, '../..')
const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(ts|vue|css|cpp|h)$/.test(entry.name))
  .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))

const text = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The file of ours that an import names, or null. */
function resolved(specifier: string, from: string): string | null {
  const [alias] = /^#(shared|main|renderer)\//.exec(specifier) ?? []
  if (!alias && !specifier.startsWith('.')) return null
  const folders = { '#shared/': 'src/shared', '#main/': 'src/main', '#renderer/': 'src/renderer/src' } as const
  const path = alias
    ? join(folders[alias as keyof typeof folders], specifier.slice(alias.length))
    : relative(root, resolve(root, dirname(from), specifier))
  return sources.includes(path) ? path : null
}

const imports = new Map(
  sources
    .filter((file) => /\.(ts|vue)$/.test(file))
    .map((file) => {
      const script = file.endsWith('.vue') ? (/<script[^>]*>([^]*?)<\/script>/.exec(text(file))?.[1] ?? '') : text(file)
      const named = ts.preProcessFile(script, true, true).importedFiles.map(({ fileName }) => resolved(fileName, file))
      return [file, new Set(named.filter((path) => path !== null))]
    }),
)

/** A way from a node back to itself, or null. */
function circleIn(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | null {
  const done = new Set<string>()
  const path: string[] = []
  const walk = (node: string): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node]
    if (done.has(node)) return null
    path.push(node)
    for (const next of graph.get(node) ?? []) {
      const circle = walk(next)
      if (circle) return circle
    }
    path.pop()
    done.add(node)
    return null
  }
  for (const node of graph.keys()) {
    const circle = walk(node)
    if (circle) return circle
  }
  return null
}

test('a circle is found where there is one', () => {
  expect(
    circleIn(
      new Map([
        ['a', new Set(['b'])],
        ['b', new Set(['c'])],
        ['c', new Set(['b'])],
      ]),
    ),
  ).toEqual(['b', 'c', 'b'])
  expect(
    circleIn(
      new Map([
        ['a', new Set(['b', 'c'])],
        ['b', new Set(['c'])],
        ['c', new Set<string>()],
      ]),
    ),
  ).toBeNull()
})

test('no file imports itself through others', () => {
  expect([...imports.values()].reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(500)
  expect(circleIn(imports)).toBeNull()
})

test('no room of the main process imports itself through others', () => {
  const roomOf = (file: string): string | null => /^src\/main\/(\w+)\/([\w-]+)\//.exec(file)?.slice(1).join('/') ?? null
  const rooms = new Map<string, Set<string>>()
  for (const [file, named] of imports) {
    const room = roomOf(file)
    if (!room) continue
    const others = rooms.get(room) ?? new Set<string>()
    for (const other of named) if (roomOf(other) && roomOf(other) !== room) others.add(roomOf(other)!)
    rooms.set(room, others)
  }
  expect(rooms.size).toBeGreaterThan(20)
  expect(circleIn(rooms)).toBeNull()
})

const longestFile = 300

test(`no file of the source passes ${longestFile} lines`, () => {
  const files = (readdirSync('src', { recursive: true }) as string[]).filter(
    (name) => /\.(ts|vue|css|cpp|h)$/.test(name) && name !== 'native/webgpu/webgpu.h', // as its authors published it
  )
  expect(files.length).toBeGreaterThan(400)
  const lines = (name: string): number => readFileSync(join('src', name), 'utf8').split('\n').length - 1
  expect(files.filter((name) => lines(name) > longestFile)).toEqual([])
})
