// Readers of weights against files that were tampered with: they read or refuse, never crash, hang or take more memory
// than the file is worth.
// `npm run fuzz` tries 100,000 files each; here it is some thousands.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { createRandom, type Random } from '#shared/random.ts'
import { openSafetensors } from '#main/core/model-formats/safetensors.ts'
import { openTorchFile } from '#main/core/model-formats/torch-file.ts'

const rounds = Number(process.env.ISOFLOP_FUZZ ?? 2000)
const seed = Number(process.env.ISOFLOP_FUZZ_SEED ?? 1)
let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-fuzz-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const extremes = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff]
const words = [
  '99999999999',
  '-1',
  '1e300',
  'null',
  '"F64"',
  '"I64"',
  '[]',
  '{}',
  '9007199254740993',
  '0',
  '"__proto__"',
  'NaN',
]
const opcodes = Buffer.from('(.0123NKMJGX]aeltu}dsqrhjcRbQ\x80\x88\x89\x8a\x8c\x8d\x93\x94\x95\x85\x86\x87', 'latin1')

/** One to four changes of one kind or another. */
function tamper(whole: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(whole)
  for (let left = 1 + random.integer(4); left > 0 && bytes.length > 0; left--) {
    const at = random.integer(bytes.length)
    // Headers, pickles and directories are what there is to be wrong about: half of the changes are in the first or
    // last kilobyte.
    const near = random.integer(2)
      ? at
      : random.integer(2)
        ? Math.min(bytes.length - 1, random.integer(2048))
        : Math.max(0, bytes.length - 1 - random.integer(2048))
    switch (random.integer(8)) {
      case 0:
        bytes[near] ^= 1 << random.integer(8)
        break
      case 1:
        bytes[near] = random.integer(256)
        break
      case 2:
        bytes = bytes.subarray(0, at)
        break
      case 3:
        bytes = Buffer.concat([
          bytes.subarray(0, near),
          Buffer.alloc(1 + random.integer(40), random.integer(256)),
          bytes.subarray(near),
        ])
        break
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, near),
          bytes.subarray(Math.min(bytes.length, near + 1 + random.integer(40))),
        ])
        break
      case 5:
        if (near + 8 <= bytes.length)
          bytes.writeBigUInt64LE(BigInt(extremes[random.integer(extremes.length)]) << BigInt(random.integer(33)), near)
        break
      case 6:
        bytes[near] = opcodes[random.integer(opcodes.length)]
        break
      default: {
        // a number or word of a JSON header, a stretch of another place
        if (random.integer(2)) {
          const from = random.integer(bytes.length)
          bytes.copyWithin(near, from, Math.min(bytes.length, from + random.integer(64)))
          break
        }
        const text = bytes.toString('latin1')
        const found = [...text.slice(0, 4096).matchAll(/\d+|"[A-Z]+\d+"/g)]
        if (found.length === 0) break
        const pick = found[random.integer(found.length)]
        bytes = Buffer.from(
          text.slice(0, pick.index) + words[random.integer(words.length)] + text.slice(pick.index! + pick[0].length),
          'latin1',
        )
      }
    }
  }
  return bytes
}

type Open = (
  path: string,
) => Promise<{
  tensors: readonly { name: string }[]
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}>

async function fuzz(open: Open, wholes: Buffer[], extension: string): Promise<{ read: number; refused: number }> {
  const random = createRandom(seed)
  const path = join(home, `case.${extension}`)
  const outcome = { read: 0, refused: 0 }
  for (let round = 0; round < rounds; round++) {
    const bytes = tamper(wholes[round % wholes.length], random)
    writeFileSync(path, bytes)
    const startedMs = performance.now()
    const before = process.memoryUsage().arrayBuffers
    try {
      const file = await open(path)
      try {
        for (const { name } of file.tensors) {
          const values = await file.read(name)
          if (values.byteLength > 2 * bytes.length)
            throw new Error(`${name} takes ${values.byteLength} bytes out of a file of ${bytes.length}`)
        }
      } finally {
        await file.close()
      }
      outcome.read++
    } catch (error) {
      if (
        !(error instanceof Fault) ||
        !['damaged', 'unavailable'].includes(error.code) ||
        error.message.length > 2000
      ) {
        writeFileSync(join(tmpdir(), `isoflop-fuzz-failure.${extension}`), bytes)
        throw error
      }
      outcome.refused++
    }
    const grown = process.memoryUsage().arrayBuffers - before
    if (grown > 2 * bytes.length + 4e6) throw new Error(`round ${round}: ${grown} bytes for a file of ${bytes.length}`)
    if (performance.now() - startedMs > 5000) throw new Error(`round ${round} took ${performance.now() - startedMs} ms`)
  }
  return outcome
}

describe(`${rounds} tampered files`, () => {
  it('of safetensors', { timeout: 3_600_000 }, async () => {
    const wholes = ['shards/model-00001-of-00003.safetensors', 'whole/model.safetensors', 'logits.safetensors'].map(
      (name) => readFileSync(`test/fixtures/torch/${name}`),
    )
    const { read, refused } = await fuzz(openSafetensors, wholes, 'safetensors')
    expect(read + refused).toBe(rounds)
    expect(refused).toBeGreaterThan(rounds / 4)
  })

  it('of PyTorch', { timeout: 3_600_000 }, async () => {
    const wholes = ['bin', 'bare', 'bfloat'].map((name) =>
      readFileSync(`test/fixtures/torch/${name}/pytorch_model.bin`),
    )
    const { read, refused } = await fuzz(openTorchFile, wholes, 'bin')
    expect(read + refused).toBe(rounds)
    expect(refused).toBeGreaterThan(rounds / 4)
    expect(read).toBeGreaterThan(0)
  })
})
