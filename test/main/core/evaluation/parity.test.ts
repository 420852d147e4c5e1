// The same numbers as EleutherAI's lm-evaluation-harness: its answers on a tiny model, made by
// test/fixtures/evaluation/make.py.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EvaluationResult, ItemRecord } from '#shared/evaluation/result.ts'
import { harnessResults, itemRemarks } from '#shared/evaluation/result.ts'
import { importHuggingFace } from '#main/core/model-formats/import.ts'
import type { Engine } from '#main/core/engine/engine.ts'
import { createGpt } from '#main/core/engine/gpt.ts'
import { createNativeKernels } from '#main/core/engine/native/native.ts'
import { createReferenceKernels } from '#main/core/engine/reference.ts'
import { evaluate, type EvaluateRequest } from '#main/core/evaluation/evaluate.ts'
import { readItem } from '#main/core/evaluation/items.ts'
import { scoreRequests } from '#main/core/evaluation/prompts.ts'
import { readRows } from '#main/core/evaluation/rows.ts'
import { createShots, harnessSeed } from '#main/core/evaluation/shots.ts'
import { findTask } from '#main/core/evaluation/tasks.ts'
import { createGpt2Tokenizer } from '#main/core/tokenizer/gpt2.ts'

interface Case {
  task: string
  shots: number
  sampler: 'first_n' | 'default' | null
  results: Record<string, number | string>
  arguments: [string, string][][]
  responses: ([number, boolean][] | number[])[]
}

const folder = 'test/fixtures/evaluation'
const casesOf = (name: string): Case[] => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')).cases
const cases = [...casesOf('harness'), ...casesOf('harness-more')]
const tokenizer = createGpt2Tokenizer()
let engine: Engine
beforeAll(async () => {
  const { model, parameters } = await importHuggingFace(`${folder}/model`)
  engine = createEngine(model)
  engine.restore({ updates: 0, parameters, firstMoments: new Map(), secondMoments: new Map() })
})
afterAll(() => engine.dispose())

/** The native engine where it is built: the reference takes a minute for these. */
function createEngine(model: Parameters<typeof createGpt>[2]): Engine {
  try {
    return createGpt(createNativeKernels({ threads: 1 }), 'native', model)
  } catch {
    return createGpt(createReferenceKernels(), 'reference', model)
  }
}

async function workOf({ task: name, shots, sampler }: Case) {
  const task = findTask(name)
  const items = (await readRows(`${folder}/${name}.jsonl`)).map((row) => readItem(task, row))
  const pool = shots > 0 ? (await readRows(`${folder}/${name}_shots.jsonl`)).map((row) => readItem(task, row)) : []
  const plan = {
    count: shots,
    pool,
    sampler: sampler === 'default' ? ('harness' as const) : ('first' as const),
    seed: harnessSeed,
    drawsOneMore: task.harnessDrawsOneMore,
    source: 'the examples',
  }
  return { task, items, shots: plan }
}

async function run(request: EvaluateRequest): Promise<{ records: ItemRecord[]; result: EvaluationResult }> {
  const records: ItemRecord[] = []
  const going = evaluate(request, { engine, tokenizer })
  for (;;) {
    const next = await going.next()
    if (next.done) return { records, result: next.value }
    if (next.value.kind === 'item') records.push(next.value)
  }
}

const accuracies = /^(acc|acc_norm)(_stderr)?,none$/

/** Bits per byte of the right answers, from the harness's own likelihoods. */
function answerBits(one: Case, records: readonly ItemRecord[]): number {
  const bits = one.responses.map((responses, i) => {
    const gold = records[i].gold ?? 0
    const answer = (records[i].continuations[gold] ?? records[i].continuations[0]).replace(/^ /, '')
    return -(responses[gold] as [number, boolean])[0] / Math.LN2 / Buffer.byteLength(answer)
  })
  return bits.reduce((sum, value) => sum + value, 0) / bits.length
}

describe('lm-evaluation-harness and we', () => {
  it.each(cases)('agree on $task with $shots shots ($sampler)', { timeout: 300_000 }, async (one) => {
    const work = await workOf(one)
    const shotsOf = createShots(work.shots)
    one.arguments.forEach((requests, i) => {
      const ours = scoreRequests(work.items[i], shotsOf(work.items[i]))
      if (work.task.kind === 'text') expect(requests).toEqual([[ours[0].continuation]])
      else expect(ours.map(({ context, continuation }) => [context, continuation])).toEqual(requests)
    })

    const { records, result } = await run({ works: [work], bootstraps: 1000 })
    expect(records.length).toBe(one.responses.length)
    let largest = 0
    one.responses.forEach((responses, i) => {
      const theirs = responses.map((response) => (Array.isArray(response) ? response : ([response, null] as const)))
      expect(records[i].logLikelihoods.length).toBe(theirs.length)
      theirs.forEach(([nats, isGreedy], r) => {
        // a text of thousands of nats has no four decimals in fp32, whose sums differ from processor to processor
        largest = Math.max(largest, Math.abs(records[i].logLikelihoods[r] - nats) / Math.max(1, Math.abs(nats) / 1000))
        if (isGreedy !== null) expect(records[i].areGreedy[r]).toBe(isGreedy)
      })
    })
    expect(largest).toBeLessThan(1e-3)

    const ours = harnessResults(result.tasks).results[one.task]
    for (const [key, value] of Object.entries(one.results)) {
      if (!key.includes(',')) continue
      if (typeof value !== 'number') expect(ours[key], key).toBe(value)
      else if (accuracies.test(key)) expect(ours[key], key).toBeCloseTo(value, 12)
      // of a perplexity, the difference of the mean log-likelihoods
      else expect(Math.abs((ours[key] as number) / value - 1), key).toBeLessThan(1e-5)
    }
    if (work.task.kind !== 'text')
      expect(Math.abs((ours['answer_bits_per_byte,none'] as number) - answerBits(one, records))).toBeLessThan(1e-3)
    expect(
      Object.keys(ours)
        .filter((key) => !key.startsWith('answer_bits_per_byte')) // no metric of the harness
        .sort(),
    ).toEqual(
      Object.keys(one.results)
        .filter((key) => key.includes(',') || key === 'alias')
        .sort(),
    )
  })

  it('compare something: accuracies differ from task to task and shots change them', () => {
    const all = cases.filter(({ results }) => 'acc,none' in results).map(({ results }) => results['acc,none'])
    expect(new Set(all).size).toBeGreaterThan(5)
    expect(cases.find(({ task }) => task === 'lambada_openai')!.results['acc,none']).toBeGreaterThan(0)
    expect(cases.length).toBe(30)
  })

  it('an interrupted evaluation goes on where it was and ends with the same numbers', async () => {
    const work = await workOf(cases.find(({ task, sampler }) => task === 'piqa' && sampler === 'default')!)
    const whole = await run({ works: [work] })
    const rest = await run({ works: [work], done: whole.records.slice(0, 9) })
    expect(rest.records.map(({ index }) => index)).toEqual(whole.records.slice(9).map(({ index }) => index))
    expect(rest.result.tasks[0].metrics.map(({ value }) => value)).toEqual(
      whole.result.tasks[0].metrics.map(({ value }) => value),
    )
    expect(rest.result.scored).toBe(whole.records.length - 9)
    const older = whole.records.slice(0, 9).map((record) => ({ ...record, metrics: { acc: record.metrics.acc } }))
    const fromOlder = await run({ works: [work], done: older })
    expect(fromOlder.result.tasks).toEqual(whole.result.tasks) // what an older version did not say follows
  })

  it('says how many items lost their beginning, and which rows were not scored', async () => {
    const one = cases.find(({ task, sampler }) => task === 'lambada_openai' && sampler === 'default')!
    const work = await workOf(one)
    const shotsOf = createShots(work.shots)
    const tooLong = work.items.filter((item) =>
      scoreRequests(item, shotsOf(item)).some(
        ({ context, continuation }) => tokenizer.encode(context + continuation).length > engine.model.shape.context + 1,
      ),
    ).length
    expect(tooLong).toBeGreaterThan(0)
    const { result } = await run({ works: [{ ...work, rows: 100, withoutText: 2 }] })
    expect(itemRemarks(result.tasks[0])).toEqual([
      `The first ${work.items.length} of 100 rows.`,
      '2 rows without text passed over.',
      `The beginning of ${tooLong} items did not fit the context and was cut.`,
    ])
    const short = await run({ works: [await workOf(cases.find(({ shots }) => shots === 0)!)] })
    expect(itemRemarks(short.result.tasks[0])).toEqual([])
  })

  it('stops when asked', async () => {
    const work = await workOf(cases[0])
    const stopping = new AbortController()
    const going = evaluate({ works: [work] }, { engine, tokenizer }, stopping.signal)
    await going.next()
    stopping.abort()
    await expect(going.next()).rejects.toMatchObject({ code: 'cancelled' })
  })
})
