// The few words of vitest that the kernel suite uses, for a machine that has Node and nothing else.
import { isDeepStrictEqual } from 'node:util'

interface Case {
  name: string
  work: () => unknown
}
const cases: Case[] = []
const befores: (() => unknown)[] = []
const afters: (() => unknown)[] = []

export const describe = (_name: string, define: () => void) => define()
export const beforeAll = (work: () => unknown) => befores.push(work)
export const afterAll = (work: () => unknown) => afters.push(work)
export const vi = { setConfig: () => {} }

export const it = Object.assign((name: string, work: () => unknown) => void cases.push({ name, work }), {
  skip: (name: string) => console.log(`left out: ${name}`),
  each:
    <T>(values: readonly T[]) =>
    (name: string, work: (value: T) => unknown) => {
      for (const value of values) cases.push({ name: name.replace('%s', String(value)), work: () => work(value) })
    },
})

export function expect(actual: unknown, message = '') {
  const check = (isRight: boolean, relation: string, expected: unknown) => {
    if (!isRight)
      throw new Error(`${message} ${String(actual).slice(0, 300)} ${relation} ${String(expected).slice(0, 300)}`)
  }
  return {
    toBe: (expected: unknown) => check(Object.is(actual, expected), 'should be', expected),
    toEqual: (expected: unknown) => check(isDeepStrictEqual(actual, expected), 'should equal', expected),
    toBeLessThan: (expected: number) => check((actual as number) < expected, 'should be below', expected),
    toBeLessThanOrEqual: (expected: number) => check((actual as number) <= expected, 'should be at most', expected),
    toBeGreaterThanOrEqual: (expected: number) => check((actual as number) >= expected, 'should be at least', expected),
  }
}

/** Runs what was described; how many failed. */
export async function runSuite(): Promise<number> {
  let failures = 0
  for (const before of befores) await before()
  for (const { name, work } of cases) {
    const startedAt = performance.now()
    try {
      await work()
      console.log(`passed (${Math.round(performance.now() - startedAt)} ms): ${name}`)
    } catch (error) {
      failures++
      console.log(`FAILED: ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  for (const after of afters) await after()
  return failures
}
