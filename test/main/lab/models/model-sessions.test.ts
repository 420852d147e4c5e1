import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createModelSessions, type ModelSessions } from '#main/lab/models/model-sessions.ts'
import type { ModelSessionJob, SessionRecord, SessionRequest } from '#main/core/generation/session-job.ts'
import type { RunJob } from '#main/platform/processes/serve.ts'
import { forkInProcess, type InProcessFork } from '../../../support/in-process-worker.ts'

const place = (name: string): ModelSessionJob => ({
  kind: 'model-session',
  source: { kind: 'huggingface', folder: name },
  engine: 'reference',
  threads: 1,
})
const options = { prompt: '', tokens: 3, temperature: 0, topK: 0, topP: 1, seed: 0 }
const token = (id: number) => ({ id, text: String(id), probability: 1, candidates: [] })
const written = (device: string) => ({ prompt: [], tokens: [], text: '', next: [], tokensPerSecond: 1, device })

/** Answers with its folder's name; a prompt "slow" goes on until it is stopped, "bad" is refused. */
const scripted: RunJob = async function* (message, signal, asks): AsyncGenerator<SessionRecord> {
  const { source } = message as ModelSessionJob
  const name = (source as { folder: string }).folder
  if (name === 'missing') throw new Error('no such model')
  for (;;) {
    const ask = (await asks.next()) as SessionRequest | null
    if (ask === null) return
    if (ask.kind !== 'generate') continue
    if (ask.options.prompt === 'bad') {
      yield { kind: 'fault', id: ask.id, fault: { code: 'bad-input', message: 'prompt: no.' } }
      continue
    }
    for (let id = 0; id < 3 || (ask.options.prompt === 'slow' && !signal.aborted); id++) {
      yield { kind: 'token', id: ask.id, token: token(id) }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    yield { kind: 'answer', id: ask.id, value: written(name) }
  }
}

let workers: InProcessFork
let sessions: ModelSessions
beforeEach(() => {
  workers = forkInProcess(scripted)
  sessions = createModelSessions(workers.fork, 50)
})
afterEach(() => sessions.close())
const write = (name: string, prompt = '', signal = new AbortController().signal, heard: number[] = []) =>
  sessions.generate(place(name), { ...options, prompt }, ({ id }) => heard.push(id), signal)

describe('model sessions', () => {
  test('tells tokens as they come, and loads a model once for several texts', async () => {
    const heard: number[] = []
    expect((await write('a', '', undefined, heard)).device).toBe('a')
    expect(heard).toEqual([0, 1, 2])
    await Promise.all([write('a'), write('a')])
    expect(workers.started).toBe(1)
  })

  test('keeps two models open, the ones used last, and lets go of them after a while', async () => {
    await write('a')
    await write('b')
    await write('a')
    await write('c')
    expect([sessions.open, workers.started]).toEqual([2, 3])
    await write('a')
    expect(workers.started).toBe(3) // b made room, for it was used longest ago
    await expect.poll(() => sessions.open, { timeout: 2000 }).toBe(0)
  })

  test('does not take a model that is writing away', async () => {
    const stopping = new AbortController()
    const both = [write('a', 'slow', stopping.signal), write('b', 'slow', stopping.signal)]
    await expect(write('c')).rejects.toMatchObject({ code: 'conflict' })
    stopping.abort()
    expect((await Promise.all(both)).map(({ device }) => device)).toEqual(['a', 'b']) // with what there was by then
    expect((await write('c')).device).toBe('c')
  })

  test('a writing that is stopped while its model is still loading is cancelled', async () => {
    const stopping = new AbortController()
    sessions = createModelSessions(
      forkInProcess(async function* (_message, signal) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        yield* []
      }).fork,
    )
    setTimeout(() => stopping.abort(), 10)
    await expect(write('a', '', stopping.signal)).rejects.toMatchObject({ code: 'cancelled', message: 'Stopped.' })
  })

  test('a request that is refused leaves the model open for the next', async () => {
    await expect(write('a', 'bad')).rejects.toMatchObject({ code: 'bad-input', message: 'prompt: no.' })
    await write('a')
    expect(workers.started).toBe(1)
  })

  test('a model that cannot be opened, or whose process dies, says so and can be tried again', async () => {
    await expect(write('missing')).rejects.toMatchObject({ message: 'no such model' })
    const dying = write('a', 'slow')
    setTimeout(() => workers.killNewest(), 20)
    await expect(dying).rejects.toMatchObject({ message: expect.stringMatching(/ended unexpectedly/) })
    expect((await write('a')).device).toBe('a')
  })

  test('is empty once it is closed, and refuses', async () => {
    await write('a')
    await sessions.close()
    expect(sessions.open).toBe(0)
    await expect(write('a')).rejects.toMatchObject({ code: 'unavailable' })
  })
})
