// Files that several processes share, mapped or not: the same numbers either way, nothing beyond their end, and nobody
// waits for a wake.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { findLibrary } from '#main/core/engine/native/library.ts'
import { mapCounters, mapNumbers } from '#main/core/engine/native/mapped.ts'
import { counterLineBytes, openCounters } from '#main/platform/disk/counter-files.ts'
import { makeNumberFiles, openNumbers, removeNumberFiles } from '#main/platform/disk/number-files.ts'

const folders: string[] = []
const file = (bytes: number) => {
  const folder = makeNumberFiles(`mapped-${folders.length}`, { numbers: bytes })
  folders.push(folder)
  return join(folder, 'numbers')
}
afterEach(() => folders.splice(0).forEach(removeNumberFiles))

describe.each([
  ['mapped', mapNumbers],
  ['as a file', openNumbers],
] as const)('numbers %s', (_, open) => {
  it('are read, added and written in any place', () => {
    const path = file(400)
    const numbers = open(path)!
    numbers.write(Float32Array.of(1.5, 2.5, 3.5), 97)
    const into = Float32Array.of(10, 20)
    numbers.add(into, 98)
    expect([...into]).toEqual([12.5, 23.5])
    numbers.read(into, 96)
    expect([...into]).toEqual([0, 1.5])
    const other = openNumbers(path)
    other.read(into, 98)
    expect([...into]).toEqual([2.5, 3.5])
    other.close()
    numbers.close()
  })

  it('are refused once closed', () => {
    const numbers = open(file(400))!
    numbers.close()
    numbers.close()
    expect(() => numbers.read(new Float32Array(1), 0)).toThrow()
    expect(() => numbers.write(new Float32Array(1), 0)).toThrow()
  })

  it('are refused beyond the end', () => {
    const numbers = open(file(400))!
    expect(() => numbers.read(new Float32Array(2), 99)).toThrow(/400|end/)
    numbers.close()
  })
})

it('mapped numbers do not write before or beyond the file', () => {
  const numbers = mapNumbers(file(400))!
  expect(() => numbers.write(new Float32Array(2), 99)).toThrow('are not within the 400 of')
  expect(() => numbers.write(new Float32Array(2), -1)).toThrow('are not within the 400 of')
  expect(() => numbers.add(new Float32Array(2), NaN)).toThrow('are not within the 400 of')
  numbers.close()
  expect(mapNumbers(join(folders[0], 'absent'))).toBeNull()
})

describe.each([
  ['mapped', mapCounters],
  ['as a file', openCounters],
] as const)('counters %s', (_, open) => {
  it('keep large numbers whole, each in its place', async () => {
    const path = file(3 * counterLineBytes)
    const [one, other] = [open(path)!, open(path)!]
    one.store(2, 1, 2 ** 52 + 1)
    one.store(2, 0, 7)
    expect([other.load(2, 1), other.load(2, 0), other.load(1, 1)]).toEqual([2 ** 52 + 1, 7, 0])
    await other.wait(0, other.wakes(0), 0.001)
    one.close()
    other.close()
  })
})

describe('a mapped futex', () => {
  it('wakes a process that waits on it', async () => {
    const path = file(2 * counterLineBytes)
    const counters = mapCounters(path)!
    const koffi = pathToFileURL(join(import.meta.dirname, '../../../../../node_modules/koffi/index.js')).href
    const waiter = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `
      const { default: koffi } = await import(${JSON.stringify(koffi)})
      const library = koffi.load(${JSON.stringify(findLibrary())})
      const map = library.func('isf_map', 'uint64_t', ['const char *', 'double *'])
      const wait = library.func('isf_futex_wait', 'void', ['uint64_t', 'int', 'double'])
      const futex = map(${JSON.stringify(path)}, new Float64Array(1)) + ${2 * counterLineBytes - 8}
      process.stdout.write('waiting')
      const start = performance.now()
      wait(futex, 0, 60)
      process.stdout.write(performance.now() - start < 30000 ? ' woken' : ' overslept')
    `,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let said = ''
    waiter.stdout.on('data', (text) => {
      said += text
      if (said === 'waiting') setTimeout(() => counters.wake(1), 50)
    })
    await new Promise((resolve) => waiter.on('close', resolve))
    expect(said).toBe('waiting woken')
    counters.close()
  }, 90_000)

  it('does not let wait who has not seen its last wake', () => {
    const counters = mapCounters(file(counterLineBytes))!
    const wakes = counters.wakes(0)
    counters.wake(0)
    const start = performance.now()
    void counters.wait(0, wakes, 30)
    expect(performance.now() - start).toBeLessThan(15_000)
    expect(counters.wakes(0)).toBe(wakes + 1)
    counters.close()
  })
})
