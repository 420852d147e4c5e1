// Requests as a broken or hostile page sends them: each is answered with plain data, in a sentence, at once; the lab
// that answers has nothing more in memory than before.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { labRequests } from '#shared/lab-names.ts'
import { defaultRecipe } from '#shared/family/recipe.ts'
import type { Random } from '#shared/random.ts'
import { answer } from '#main/doors/common/answer.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { rounds } from '../support/campaign.ts'
import { seededRandom } from '../support/seed.ts'
import { tinyLab, tinyStudy, type Bench } from '../support/tiny-lab.ts'
import { tamper } from '../support/tamper.ts'

const longestMs = 5000
const mostBytesAbove = 256e6

let bench: Bench
let lab: LabHost
let whole: { name: string; args: unknown[] }[]
beforeAll(async () => {
  bench = tinyLab()
  lab = await bench.open()
  const study = await tinyStudy(lab)
  const text = join(bench.home, '..', 'text.txt')
  const corpus = await lab.addCorpus([text], 'Text')
  // What a request has begun is refused by every worker: it is the lab that is tried here.
  bench.answer = () => refusing()
  whole = wholeRequests(study.id, corpus.id, text)
})
afterAll(() => bench.clean())

async function* refusing(): AsyncGenerator<unknown, unknown> {
  throw new Fault('failed', 'Not in this test.')
}

/** One of every request as a window sends it. */
function wholeRequests(studyId: string, corpusId: string, path: string): { name: string; args: unknown[] }[] {
  const subject = { kind: 'folder', folder: path }
  const tokenizer = { kind: 'bpe', vocabulary: 300 }
  const generation = { prompt: 'The loss', maxTokens: 5, temperature: 0.8, topK: 40, topP: 1, seed: 1 }
  const evaluation = { shots: 0, sampler: 'first', limit: 10, split: null, engine: 'auto', threads: 1 }
  const args: Record<string, unknown[]> = {
    createStudy: ['A study'],
    updateStudy: [studyId, { name: 'Another', recipe: { ...defaultRecipe, context: 8 }, tokenizer }],
    importStudy: [{ version: 1, name: 'From a file', recipe: defaultRecipe, tokenizer }],
    addCorpus: [[path], 'Again'],
    tokenizeCorpus: [corpusId, tokenizer],
    sampleCorpus: [corpusId, { kind: 'bytes' }, 'train', 3],
    updateSettings: [{ engine: 'native', threads: 1 }],
    startRuns: [studyId, ['w8'], { systems: 2 }],
    readRecords: ['0123456789abcdef', 100],
    readCurve: ['0123456789abcdef', { afterStep: 100, upToStep: 200, widest: 4 }],
    readRunPlans: [['0123456789abcdef']],
    resumeRun: ['0123456789abcdef', 'native'],
    annotate: ['study', studyId, { note: 'Two\nlines.', tags: ['baseline', 'second'] }],
    killPart: ['0123456789abcdef', { kind: 'system', index: 0 }],
    startCheck: [studyId, 'transfer', { widths: [8, 16], learningRates: [0.01, 0.02], steps: 3 }],
    saveClusterMachine: [{ id: 'mine', name: 'Mine', kind: 'gpu', devices: 8 }],
    saveOpennessRow: [{ id: 'mine', name: 'Mine', by: 'us', year: 2026, cells: {} }],
    searchPlans: [{ model: { parameters: 1e9 }, machines: ['a100'], devices: 64 }],
    importModel: [{ kind: 'folder', path }, 'A model'],
    continueModel: [studyId, '0123456789abcdef', { tokens: 1000, seed: 1 }],
    export: [subject, join(path, 'out'), false, { format: 'hf', dtype: 'f32' }],
    generate: [subject, generation, 'one'],
    readAttention: [subject, 'The loss falls', 0],
    compareWeights: [subject, subject],
    addTaskFile: ['arc_easy', 'items', path],
    addTask: [path],
    removeTask: ['capitals'],
    startEvaluations: [studyId, [subject], ['copy', 'arc_easy'], evaluation],
    readSamples: ['0123456789abcdef', { verdict: 'all', from: 0, count: 10 }],
    setAutomaticEvaluation: [studyId, { isOn: true, tasks: ['copy'], options: evaluation }],
  }
  return labRequests.map((name) => ({ name, args: args[name] ?? [studyId] }))
}

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const hostile: ((random: Random) => unknown)[] = [
  () => null,
  () => [],
  () => ({}),
  () => ({ toString: 1, valueOf: 2 }),
  () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
  () => deep(2000),
  () => Array.from({ length: 20_000 }, (_, i) => i),
  () => 'x'.repeat(200_000),
  () => '\u001b[31m\u202e\u0000\r\n',
  () => '../'.repeat(40) + 'etc/passwd',
  () => '',
  () => -1,
  () => 0.5,
  () => 1e308,
  () => Number.MAX_SAFE_INTEGER,
  () => true,
  (random) => random.next() * 10 ** random.integer(20),
]

/** The value with one place in it, at any depth, changed, doubled or taken away. */
function mutated(value: unknown, random: Random): unknown {
  const stranger = (): unknown => hostile[random.integer(hostile.length)](random)
  if (typeof value !== 'object' || value === null || random.integer(4) === 0) return stranger()
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value }
  const keys = Object.keys(copy)
  const key = keys[random.integer(Math.max(1, keys.length))] ?? 'more'
  const table = copy as Record<string, unknown>
  if (random.integer(6) === 0) delete table[key]
  else table[random.integer(8) === 0 ? `${key}x` : key] = mutated(table[key], random)
  return copy
}

/** A whole message changed as a value, or as the text that came over the wire. */
function message({ name, args }: { name: string; args: unknown[] }, random: Random): { name: unknown; args: unknown } {
  if (random.integer(3) > 0) {
    const changed =
      random.integer(20) === 0
        ? mutated(args, random)
        : args.map((one) => (random.integer(2) ? mutated(one, random) : one))
    return { name: random.integer(40) === 0 ? mutated(name, random) : name, args: changed }
  }
  try {
    const parsed = JSON.parse(tamper(Buffer.from(JSON.stringify({ name, args })), random).toString()) as unknown
    return typeof parsed === 'object' && parsed !== null && 'name' in parsed && 'args' in parsed
      ? (parsed as { name: unknown; args: unknown })
      : { name, args: parsed }
  } catch {
    return { name, args: mutated(args, random) }
  }
}

const count = rounds(3000, 50_000)
it(`${count} requests, each with something wrong in it, are answered`, async () => {
  const random = seededRandom()
  const outcome = { fine: 0, refused: 0 }
  const before = process.memoryUsage()
  for (let round = 0; round < count; round++) {
    const sent = message(whole[round % whole.length], random)
    const startedMs = performance.now()
    const reply = await answer(lab, sent.name, sent.args)
    const tookMs = performance.now() - startedMs
    const told = `round ${round}: ${JSON.stringify(sent).slice(0, 500)} → ${JSON.stringify(reply).slice(0, 500)}`
    expect(tookMs, told).toBeLessThan(longestMs)
    if (reply.ok) outcome.fine++
    else {
      outcome.refused++
      expect(reply.message.length, told).toBeLessThanOrEqual(1000)
      expect(reply.message, told).not.toMatch(
        /undefined is not|Cannot read prop|is not a function|is not iterable|SQLITE/,
      )
    }
    expect(({} as { polluted?: boolean }).polluted, told).toBeUndefined()
  }
  const after = process.memoryUsage()
  expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(mostBytesAbove)
  expect(outcome.refused).toBeGreaterThan(count / 4)
  expect(outcome.fine).toBeGreaterThan(0)
  expect((await answer(lab, 'listStudies', [])).ok).toBe(true)
})
