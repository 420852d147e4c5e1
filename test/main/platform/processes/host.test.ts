import { describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { work, WorkerGone, workToEnd } from '#main/platform/processes/host.ts'
import { creditWindow } from '#main/platform/processes/messages.ts'
import { serve, type RunJob } from '#main/platform/processes/serve.ts'
import { forkInProcess } from '../../../support/in-process-worker.ts'

async function collect<R, V>(records: AsyncGenerator<R, V>): Promise<{ records: R[]; value: V }> {
  const all: R[] = []
  for (;;) {
    const next = await records.next()
    if (next.done) return { records: all, value: next.value }
    all.push(next.value)
  }
}
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('work in another process', () => {
  it('gives every record in order, then the value', async () => {
    const { fork } = forkInProcess(async function* (job) {
      for (let i = 0; i < (job as number); i++) yield { i }
      return 'all'
    })
    const { records, value } = await collect(work<{ i: number }, string>(fork, 200))
    expect(records.map(({ i }) => i)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect(value).toBe('all')
  })

  it('does not run further ahead than its credits', async () => {
    let made = 0
    const { fork } = forkInProcess(async function* () {
      for (; made < 1000;) yield ++made
    })
    const records = work<number>(fork, null)
    await records.next()
    await sleep(50)
    expect(made).toBeLessThanOrEqual(creditWindow + 1)
    await records.return(undefined as never)
  })

  it('waits for the host at a record that asks for it', async () => {
    const happened: string[] = []
    const { fork } = forkInProcess(async function* () {
      for (let i = 0; i < 5; i++) yield { i }
      yield { awaitsHost: true }
      happened.push('saved')
    })
    for await (const record of work<{ i?: number; awaitsHost?: true }>(fork, null)) {
      await sleep(5)
      happened.push(record.awaitsHost ? 'asked' : `record ${record.i}`)
    }
    expect(happened).toEqual(['record 0', 'record 1', 'record 2', 'record 3', 'record 4', 'asked', 'saved'])
  })

  it('throws the Fault that the job threw', async () => {
    const { fork } = forkInProcess(async function* () {
      yield 1
      throw new Fault('diverged', 'The loss became NaN.', { details: 'here' })
    })
    const failure = await collect(work(fork, null)).catch((error) => error)
    expect(failure).toBeInstanceOf(Fault)
    expect(failure).toMatchObject({ code: 'diverged', message: 'The loss became NaN.', details: 'here' })
  })

  it('says so when the process is killed', async () => {
    const inProcess = forkInProcess(async function* () {
      yield 1
      await sleep(60_000)
    })
    const records = work(inProcess.fork, null)
    await records.next()
    const next = records.next()
    inProcess.killNewest()
    await expect(next).rejects.toBeInstanceOf(WorkerGone)
    await expect(next).rejects.toThrow(/memory runs out/)
  })

  it('lets a job that is asked to end say its last words', async () => {
    const endless: RunJob = async function* (_, signal) {
      while (!signal.aborted) yield 'tick'
      yield 'saved'
      return 'ended early'
    }
    const stopping = new AbortController()
    const { fork } = forkInProcess(endless)
    const records = work<string, string>(fork, null, stopping.signal)
    await records.next()
    stopping.abort()
    const { records: rest, value } = await collect(records)
    expect(rest[rest.length - 1]).toBe('saved')
    expect(value).toBe('ended early')
  })

  it('kills a job that does not hear', async () => {
    const { fork } = forkInProcess(async function* () {
      yield 1
      await sleep(60_000)
    })
    const stopping = new AbortController()
    setTimeout(() => stopping.abort(), 20)
    await expect(workToEnd(fork, null, { signal: stopping.signal, graceMs: 20 })).rejects.toMatchObject({
      code: 'cancelled',
    })
  })

  it('does not even start when it is cancelled already', async () => {
    const inProcess = forkInProcess(async function* () {
      yield 1
    })
    const stopping = new AbortController()
    stopping.abort()
    await expect(workToEnd(inProcess.fork, null, { signal: stopping.signal })).rejects.toMatchObject({
      code: 'cancelled',
    })
    expect(inProcess.started).toBe(0)
  })

  it('ends a job that says nothing for too long, and says so', async () => {
    const { fork } = forkInProcess(async function* () {
      yield 1
      await new Promise(() => undefined)
    })
    const seen: number[] = []
    const working = workToEnd<number>(fork, null, { silenceMs: 40, onRecord: (record) => seen.push(record) })
    await expect(working).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/got no further/) as string,
    })
    expect(seen).toEqual([1])
  })

  it('a failure that strays in a worker becomes its job’s', async () => {
    const sent: unknown[] = []
    const fail = serve({ send: (message) => sent.push(message), onMessage: () => undefined }, async function* () {})
    fail(new Error('a rejection that nobody took'))
    expect(sent).toMatchObject([{ kind: 'fault', fault: { code: 'failed', message: 'a rejection that nobody took' } }])
  })
})
