// How often a cluster is asked, however many runs are there, and while it does not answer.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { notHeardOf } from '#shared/place.ts'
import type { RunPlan } from '#shared/run.ts'
import { plainCluster } from '#main/doors/cli/cluster.ts'
import { createFollower, type Follower } from '#main/lab/places/follower.ts'
import { createRecorder } from '#main/lab/runs/recorder.ts'
import { createRunStore, type RunStore } from '#main/lab/runs/run-store.ts'
import { labSchema } from '#main/platform/disk/database-schema.ts'
import { openDatabase, type Database } from '#main/platform/disk/database.ts'
import type { LoginNode } from '#main/platform/processes/login-node.ts'
import { runSummary } from '../../../support/run-summary.ts'

let root: string
let db: Database
let store: RunStore
let follower: Follower
let closing: AbortController
/** When each cluster was asked, in seconds, and what. */
let asked: { name: string; at: number; script: string }[]
/** Whether clusters answer. */
let isUp: boolean

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  root = mkdtempSync(join(tmpdir(), 'isoflop-follower-'))
  db = openDatabase(join(root, 'isoflop.db'), labSchema)
  store = createRunStore(db)
  closing = new AbortController()
  asked = []
  isUp = true
  const nodeOf = (name: string): LoginNode => ({
    run: async (script) => {
      asked.push({ name, at: Date.now() / 1000, script })
      const nonce = /printf '\\n%s %s\\n' (\w+)/.exec(script)![1]
      const jobs = /-j (\S+)/.exec(script)![1].split(',')
      const rows = jobs.map((job) => `${job}_0|PENDING|Priority|N/A|\n${job}_1|PENDING|Priority|N/A|`).join('\n')
      const runs = [...script.matchAll(/^run (\w+) /gm)].map(([, id]) => `\n${nonce} records ${id}\n`).join('')
      const output = `\n${nonce} queue\n${rows}\n\n${nonce} status 0\n${runs}\n${nonce} end\n`
      return { status: 0, output: Buffer.from(isUp ? output : ''), errors: isUp ? '' : 'no route' }
    },
    put: () => Promise.reject(new Error('nothing is sent')),
    get: () => Promise.reject(new Error('nothing is fetched')),
  })
  follower = createFollower({
    store,
    news: { tell: () => undefined },
    nowMs: () => Date.now(),
    newId: () => `nonce${asked.length}`,
    recorder: ({ summary }) => createRecorder(summary, 1000, store, { tell: () => undefined }, () => 0),
    runsFolder: root,
    reach: async (name) => ({ cluster: plainCluster(name, '.'), node: nodeOf(name) }),
    closing: closing.signal,
  })
})
afterEach(async () => {
  closing.abort()
  await follower.idle()
  vi.useRealTimers()
  db.close()
  rmSync(root, { recursive: true, force: true })
})

function follow(id: string, name: string, job: string) {
  const place = { name, ...notHeardOf, job, array: 'a' }
  const summary = runSummary({ id, state: 'queued', steps: 3, place })
  store.insert([{ summary, plan: { runId: id } as RunPlan }])
  follower.follow(id)
}
const timesOf = (name: string): number[] => asked.filter((one) => one.name === name).map(({ at }) => at)
const gaps = (times: number[]): number[] => times.slice(1).map((at, i) => at - times[i])

it('a cluster is asked once for all its runs, and not again for 15 seconds', async () => {
  for (let n = 0; n < 40; n++) follow(`r${n}`, 'far', `${41 + (n >> 1)}_${n & 1}`)
  await vi.advanceTimersByTimeAsync(61_000)
  expect(timesOf('far')).toHaveLength(5)
  expect(Math.min(...gaps(timesOf('far')))).toBeGreaterThanOrEqual(15)
  expect(asked.at(-1)!.script.match(/\bsqueue\b/g)).toHaveLength(1)
  expect(asked.at(-1)!.script.match(/^run r\d+ /gm)).toHaveLength(40)
  expect(follower.summary('r39')).toMatchObject({ state: 'queued', place: { heardMs: 60_000, reason: 'Priority' } })
})

it('a run that comes later waits for the next question, and other clusters have a pace of their own', async () => {
  follow('r1', 'far', '41_0')
  await vi.advanceTimersByTimeAsync(5000)
  follow('r2', 'far', '42_0')
  follow('r3', 'near', '7_0')
  await vi.advanceTimersByTimeAsync(26_000)
  expect(timesOf('far')).toEqual([0, 15, 30])
  expect(timesOf('near')).toEqual([5, 20])
})

it('a cluster that does not answer is left alone longer and longer, up to a minute, and nothing is lost', async () => {
  follow('r1', 'far', '41_0')
  await vi.advanceTimersByTimeAsync(16_000)
  isUp = false
  await vi.advanceTimersByTimeAsync(600_000)
  expect(Math.max(...gaps(timesOf('far')))).toBe(60)
  expect(Math.min(...gaps(timesOf('far')))).toBeGreaterThanOrEqual(15)
  expect(follower.summary('r1')).toMatchObject({ state: 'queued', place: { heardMs: 15_000 } })
  expect(follower.summary('r1').message).toMatch(/no route.*nothing there is lost/)
  isUp = true
  await vi.advanceTimersByTimeAsync(61_000)
  expect(follower.summary('r1').message).toMatch(/^Waiting in the queue/)
})

it('is asked no more when nothing of it is under way', async () => {
  follow('r1', 'far', '41_0')
  await vi.advanceTimersByTimeAsync(1000)
  follower.forget('r1')
  await vi.advanceTimersByTimeAsync(600_000)
  expect(asked).toHaveLength(2) // the one that was planned finds nothing, and plans no other
})
