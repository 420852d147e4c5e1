// As much of vitest as the kernel suite asks for, for a machine that has a card and Node but no packages.
import { isDeepStrictEqual } from 'node:util'

type Work = (...args: never[]) => unknown
const tests: { name: string; work: Work; args: unknown[] }[] = []
const hooks = { before: [] as Work[], after: [] as Work[] }

export const describe = (_name: string, body: () => void): void => body()
export const beforeAll = (work: Work): unknown => hooks.before.push(work)
export const afterAll = (work: Work): unknown => hooks.after.push(work)
export const it = Object.assign((name: string, work: Work) => tests.push({ name, work, args: [] }), {
  each: (values: readonly unknown[]) => (name: string, work: Work) => {
    for (const value of values) {
      const args: unknown[] = Array.isArray(value) ? value : [value]
      tests.push({ name: args.reduce((text: string, arg) => text.replace('%s', String(arg)), name), work, args })
    }
  },
})

export function expect(actual: unknown, label = 'a value') {
  const must = (isRight: boolean, word: string, expected: unknown) => {
    if (!isRight) throw new Error(`${label}: ${String(actual)} should ${word} ${String(expected)}`.slice(0, 300))
  }
  return {
    toBe: (expected: unknown) => must(Object.is(actual, expected), 'be', expected),
    not: { toEqual: (other: unknown) => must(!isDeepStrictEqual(actual, other), 'not equal', other) },
    toMatch: (pattern: RegExp) => must(pattern.test(actual as string), 'match', pattern),
    toEqual: (expected: unknown) => must(isDeepStrictEqual(actual, expected), 'equal', expected),
    toBeLessThan: (limit: number) => must((actual as number) < limit, 'be below', limit),
    toBeLessThanOrEqual: (limit: number) => must((actual as number) <= limit, 'be at most', limit),
    toBeGreaterThanOrEqual: (limit: number) => must((actual as number) >= limit, 'be at least', limit),
  }
}

/** Runs what was described, prints each result, and says how many failed. */
export async function runTests(): Promise<number> {
  let failures = 0
  for (const hook of hooks.before) await hook()
  for (const { name, work, args } of tests) {
    const started = performance.now()
    const error = await Promise.resolve()
      .then(() => work(...(args as never[])))
      .then(() => null, String)
    if (error !== null) failures++
    const took = `${(performance.now() - started).toFixed(0)} ms`
    console.log(`${error === null ? 'ok  ' : 'FAIL'} ${name} (${took})${error === null ? '' : `\n     ${error}`}`)
  }
  for (const hook of hooks.after) await hook()
  tests.length = hooks.before.length = hooks.after.length = 0
  return failures
}
