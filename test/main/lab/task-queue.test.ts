import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { endsByItself, isUnderWay } from '#shared/task-state.ts'
import { createTaskQueue, type Task, type TaskQueueDeps, type TaskRecord } from '#main/lab/task-queue.ts'

interface Sum extends TaskRecord {
  id: string
  done: number
}

const sum = (id: string): Sum => ({ id, state: 'queued', message: null, code: null, done: 0 })
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const settle = async () => {
  for (let i = 0; i < 20; i++) await turn()
}

/** A queue whose tasks end as the test says, over a store that refuses what the test says. */
function scripted(options: Partial<TaskQueueDeps<Sum>> = {}) {
  const rows = new Map<string, Sum>()
  const told: string[] = []
  const begun: string[] = []
  const endings = new Map<string, { resolve: (end?: Partial<Sum>) => void; reject: (error: unknown) => void }>()
  let together = 0
  let most = 0
  const queue = createTaskQueue<Sum>({
    idOf: ({ id }) => id,
    store: {
      read: (id) => {
        const row = rows.get(id)
        if (!row) throw new Fault('not-found', 'This sum is not here any more.')
        return row
      },
      write: (record) => void rows.set(record.id, record),
      keep: (record) => void rows.set(record.id, record),
    },
    tell: ({ id, state }) => void told.push(`${id} ${state}`),
    work: (task: Task<Sum>) =>
      new Promise<Partial<Sum>>((resolve, reject) => {
        begun.push(task.record.id)
        most = Math.max(most, ++together)
        const end =
          <A>(how: (value: A) => void) =>
          (value: A) => {
            together--
            endings.delete(task.record.id)
            how(value)
          }
        const fail = end(reject)
        endings.set(task.record.id, { resolve: end((value?: Partial<Sum>) => resolve(value ?? {})), reject: fail })
        task.signal.addEventListener('abort', () => fail(new Fault('cancelled', 'Cancelled.')))
      }),
    ...options,
  })
  const states = () => [...rows.values()].map(({ id, state }) => `${id} ${state}`).join(', ')
  return { queue, rows, told, begun, endings, states, mostTogether: () => most }
}

const full = () => new Fault('disk-full', 'The disk is full.')

describe('a task queue', () => {
  it('does one task after the other in the order in which they came, and tells each state', async () => {
    const { queue, begun, endings, told, states } = scripted()
    for (const id of ['a', 'b']) queue.add(sum(id))
    expect(begun).toEqual([]) // who asked sees them wait first
    await turn()
    expect(states()).toBe('a running, b queued')
    endings.get('a')!.resolve({ done: 7 })
    await settle()
    endings.get('b')!.reject(new Fault('too-large', 'Too much.'))
    await settle()
    expect(states()).toBe('a finished, b failed')
    expect(told).toEqual(['a queued', 'b queued', 'a running', 'a finished', 'b running', 'b failed'])
  })

  it('ends what waits at once, and what runs when it has ended by itself', async () => {
    const { queue, begun, states } = scripted()
    for (const id of ['a', 'b', 'c']) queue.add(sum(id))
    await turn()
    expect((await queue.end('b', 'cancelled')).state).toBe('cancelled')
    expect((await queue.end('a', 'paused')).state).toBe('paused')
    await turn()
    expect(states()).toBe('a paused, b cancelled, c running')
    queue.resume('a')
    await queue.end('c', 'cancelled')
    await turn()
    expect(begun).toEqual(['a', 'c', 'a'])
  })

  it('lets one begin anew before all others', async () => {
    const { queue, begun } = scripted()
    for (const id of ['a', 'b']) queue.add(sum(id))
    await turn()
    queue.restart()
    await settle()
    expect(begun).toEqual(['a', 'a'])
  })

  it('tells progress every so often, and the last of it with the end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const dones: number[] = []
      const { queue } = scripted({
        tell: ({ done }) => void dones.push(done),
        tellEveryMs: 100,
        work: async (task) => {
          for (let done = 1; done <= 10; done++) {
            task.progress({ done })
            if (done % 5 === 0) vi.advanceTimersByTime(100)
          }
          task.progress({ done: 11 })
          return {}
        },
      })
      queue.add(sum('a'))
      await settle()
      expect(dones).toEqual([0, 0, 5, 10, 11])
    } finally {
      vi.useRealTimers()
    }
  })

  it('says when a task is not under way any more, to whoever waits for it', async () => {
    const { queue, endings } = scripted()
    queue.add(sum('a'))
    let isOver = false
    const waiting = queue.ended('a').then(() => (isOver = true))
    await settle()
    expect(isOver).toBe(false)
    endings.get('a')!.resolve()
    await waiting
    await queue.ended('a')
  })

  it('interrupts everything when it is closed, and begins nothing more', async () => {
    const { queue, begun, states } = scripted()
    for (const id of ['a', 'b']) queue.add(sum(id))
    await turn()
    await queue.close(({ state }) => `Closed while ${state}.`)
    expect(states()).toBe('a interrupted, b interrupted')
    await settle()
    expect(begun).toEqual(['a'])
  })

  it('goes on whatever its listeners do', async () => {
    const { queue, endings, states } = scripted({
      tell: () => {
        throw new Error('a listener fell over')
      },
    })
    for (const id of ['a', 'b']) queue.add(sum(id))
    await turn()
    endings.get('a')!.resolve()
    await settle()
    expect(states()).toBe('a finished, b running')
  })
})

describe('a full disk', () => {
  it('pauses the line once, and a person lets it go on from where it was', async () => {
    const { queue, begun, endings, rows, states } = scripted({ retryMs: null })
    for (const id of ['a', 'b']) queue.add(sum(id))
    await turn()
    endings.get('a')!.reject(full())
    await settle()
    expect(states()).toBe('a paused, b queued')
    expect(rows.get('a')).toMatchObject({ code: 'disk-full', message: expect.stringContaining('disk is full') })
    queue.resume('a')
    await settle()
    expect(states()).toBe('a running, b queued')
    expect(begun).toEqual(['a', 'a'])
  })

  it('does not hold the others when what it paused is given up', async () => {
    for (const give of ['end', 'leave'] as const) {
      const { queue, endings, begun } = scripted({ retryMs: null })
      for (const id of ['a', 'b']) queue.add(sum(id))
      await turn()
      endings.get('a')!.reject(full())
      await settle()
      await (give === 'end' ? queue.end('a', 'cancelled') : queue.leave('a'))
      await settle()
      expect(begun).toEqual(['a', 'b'])
    }
  })

  it('is tried again by itself, less and less often', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const { queue, begun, endings } = scripted({ retryMs: 1000 })
      queue.add(sum('a'))
      await settle()
      for (const waitMs of [1000, 2000, 4000]) {
        const before = begun.length
        endings.get('a')!.reject(full())
        await settle()
        vi.advanceTimersByTime(waitMs - 1)
        await settle()
        expect(begun.length).toBe(before)
        vi.advanceTimersByTime(1)
        await settle()
        expect(begun.length).toBe(before + 1)
      }
    } finally {
      vi.useRealTimers()
    }
  })

  it('lets whoever waits behind it know, until it goes on by itself', async () => {
    const { queue, rows, endings } = scripted({ retryMs: 60_000 })
    for (const id of ['a', 'b']) queue.add(sum(id))
    await turn()
    expect([...rows.values()].map(endsByItself)).toEqual([true, true])
    endings.get('a')!.reject(full())
    await settle()
    expect(rows.get('b')).toMatchObject({ state: 'queued', code: 'disk-full', message: expect.stringMatching(/full/) })
    expect([...rows.values()].map(endsByItself)).toEqual([false, false])
    queue.goOn()
    await settle()
    expect([...rows.values()].map(endsByItself)).toEqual([true, true])
    endings.get('a')!.reject(full())
    await settle()
    await queue.leave('a')
    await settle()
    expect(rows.get('b')).toMatchObject({ state: 'running', code: null, message: null })
  })

  it('refuses a new task with its sentence, and changes nothing', async () => {
    const { queue, rows, begun } = scripted({
      store: {
        read: () => sum('a'),
        keep: () => undefined,
        write: () => {
          throw full()
        },
      },
    })
    expect(() => queue.add(sum('a'))).toThrow('The disk is full.')
    await settle()
    expect([rows.size, begun.length]).toEqual([0, 0])
  })
})

it('whatever comes in whatever order, one task runs at a time and nothing is forgotten', async () => {
  const ids = ['a', 'b', 'c', 'd']
  const step = fc.record({
    id: fc.constantFrom(...ids),
    what: fc.constantFrom('add', 'finish', 'fail', 'full', 'pause', 'cancel', 'resume', 'restart'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { queue, rows, endings, mostTogether } = scripted({ retryMs: null })
      for (const { id, what } of steps) {
        const isHere = rows.has(id)
        if (what === 'add' && !isHere) queue.add(sum(id))
        if (what === 'finish') endings.get(id)?.resolve()
        if (what === 'fail') endings.get(id)?.reject(new Error('broken'))
        if (what === 'full') endings.get(id)?.reject(full())
        if (what === 'pause' && isHere) await queue.end(id, 'paused')
        if (what === 'cancel' && isHere) await queue.end(id, 'cancelled')
        if (what === 'resume' && isHere) queue.resume(id)
        if (what === 'restart') queue.restart()
        await turn()
      }
      // A person lets go on what was paused; then everything comes to an end.
      for (let i = 0; i < 50; i++) {
        for (const { id, state } of rows.values()) if (state === 'paused') queue.resume(id)
        await turn()
        for (const { resolve } of [...endings.values()]) resolve()
        await settle()
      }
      expect([...rows.values()].filter(isUnderWay)).toEqual([])
      expect(mostTogether()).toBeLessThanOrEqual(1)
      await queue.close()
    }),
    { numRuns: 60 },
  )
})
