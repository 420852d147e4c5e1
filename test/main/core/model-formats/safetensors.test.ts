// The format as its own library writes it, half-precision numbers, and a reader that no bytes can surprise.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { createRandom } from '#shared/random.ts'
import { widenHalf } from '#main/core/model-formats/number-formats.ts'
import { openSafetensors, parseHeader, readSafetensors } from '#main/core/model-formats/safetensors.ts'
import { writeSafetensors } from '../../../support/write-safetensors.ts'

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'isoflop-tensors-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

const file = (header: unknown, data: Uint8Array = new Uint8Array()): Buffer => {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, data])
}
const place = (bytes: Uint8Array): string => {
  const path = join(home, 'case.safetensors')
  writeFileSync(path, bytes)
  return path
}
const f32 = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer)

describe('writing and reading', () => {
  it('gives back every bit, shapes, order and metadata', async () => {
    const path = join(home, 'a.safetensors')
    const odd = new Float32Array(
      new Uint32Array([0x80000000, 0x7f800000, 0x00000001, 0x7fc12345, 0x3f800000, 0xff7fffff]).buffer,
    )
    const tensors = [
      { name: 'b', shape: [2, 3], data: odd },
      { name: 'a.weight', shape: [], data: Float32Array.of(7) },
      { name: 'empty', shape: [0, 4], data: new Float32Array() },
    ]
    await writeSafetensors(path, tensors)
    const back = await readSafetensors(path)
    expect(back.metadata).toEqual({ format: 'pt' })
    expect([...back.tensors.keys()]).toEqual(['b', 'a.weight', 'empty'])
    expect(new Uint32Array(back.tensors.get('b')!.data.buffer)).toEqual(new Uint32Array(odd.buffer))
    expect(back.tensors.get('b')!.shape).toEqual([2, 3])
    expect(back.tensors.get('a.weight')!.data).toEqual(Float32Array.of(7))
    expect(Number(readFileSync(path).readBigUInt64LE()) % 8).toBe(0)
  })

  it('writes a view of a larger buffer as that view alone', async () => {
    const path = join(home, 'view.safetensors')
    await writeSafetensors(path, [{ name: 'x', shape: [2], data: Float32Array.of(1, 2, 3, 4).subarray(1, 3) }])
    expect((await readSafetensors(path)).tensors.get('x')!.data).toEqual(Float32Array.of(2, 3))
  })

  it('refuses to write a tensor whose shape and numbers disagree', async () => {
    await expect(
      writeSafetensors(join(home, 'bad'), [{ name: 'x', shape: [3], data: new Float32Array(2) }]),
    ).rejects.toThrow('x: shape [3] makes 3 numbers, 2 are given')
  })

  it('widens half-precision numbers exactly', async () => {
    const halves = new Uint8Array(
      new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0x03ff, 0x8000]).buffer,
    )
    const brains = new Uint8Array(new Uint16Array([0x3f80, 0xc049]).buffer)
    const header = {
      h: { dtype: 'F16', shape: [8], data_offsets: [0, 16] },
      b: { dtype: 'BF16', shape: [2], data_offsets: [16, 20] },
    }
    const { tensors } = await readSafetensors(place(file(header, Buffer.concat([halves, brains]))))
    expect([...tensors.get('h')!.data]).toEqual([1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, 1023 * 2 ** -24, -0])
    expect([...tensors.get('b')!.data]).toEqual([1, -3.140625])
  })

  it('widens every one of the 65,536 halves as the formula of IEEE 754 says', () => {
    const bits = new Uint32Array(1)
    const value = new Float32Array(bits.buffer)
    for (let half = 0; half < 65536; half++) {
      const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023]
      const expected =
        exponent === 31
          ? fraction
            ? NaN
            : sign * Infinity
          : sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
      bits[0] = widenHalf(half)
      if (!Object.is(value[0], expected)) expect.fail(`${half.toString(16)}: ${value[0]}, not ${expected}`)
    }
  })

  it('reads one tensor at a time', async () => {
    const path = join(home, 'one.safetensors')
    await writeSafetensors(path, [
      { name: 'x', shape: [1], data: Float32Array.of(1) },
      { name: 'y', shape: [1], data: Float32Array.of(2) },
    ])
    const open = await openSafetensors(path)
    expect(await open.read('y')).toEqual(Float32Array.of(2))
    await expect(open.read('z')).rejects.toMatchObject({ code: 'damaged', message: expect.stringContaining('z') })
    await open.close()
  })
})

describe('a damaged file is refused with what is wrong', () => {
  const x = { dtype: 'F32', shape: [2], data_offsets: [0, 8] }
  const y = { dtype: 'F32', shape: [1], data_offsets: [8, 12] }
  const cases: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(), /has 0 bytes/],
    [
      'a header longer than allowed',
      Buffer.from([255, 255, 255, 255, 255, 255, 255, 127]),
      /claims 9223372036854775807 bytes/,
    ],
    [
      'a header longer than the file',
      Buffer.from([200, 0, 0, 0, 0, 0, 0, 0, 123]),
      /claims 200 bytes, and the file ends at byte 9/,
    ],
    ['a header that is no JSON', file('{"a":'), /not valid JSON/],
    ['a header that is no UTF-8', Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28]), /not UTF-8/],
    ['a header that is a list', file([]), /not a table/],
    [
      'an unknown number format',
      file({ x: { ...x, dtype: 'Q64' } }, f32(1, 2)),
      /tensor x has the number format "Q64"/,
    ],
    [
      'a number format named like a method',
      file({ x: { ...x, dtype: 'toString' } }, f32(1, 2)),
      /number format "toString"/,
    ],
    ['a negative length', file({ x: { ...x, shape: [-2] } }, f32(1, 2)), /tensor x has the shape \[-2\]/],
    [
      'a shape that does not fit the offsets',
      file({ x: { ...x, shape: [3] } }, f32(1, 2)),
      /tensor x of shape \[3\] in F32 takes 12 bytes, and its offsets span 8/,
    ],
    [
      'a shape whose product overflows',
      file({ x: { ...x, shape: [2 ** 40, 2 ** 40] } }, f32(1, 2)),
      /tensor x of shape/,
    ],
    ['offsets that run backwards', file({ x: { ...x, data_offsets: [8, 0] } }, f32(1, 2)), /tensor x/],
    [
      'an overlap',
      file({ x, y: { ...y, data_offsets: [4, 8] } }, f32(1, 2)),
      /tensor y begins at byte 4, inside the one before it/,
    ],
    ['a gap', file({ x, y: { ...y, data_offsets: [12, 16] } }, f32(1, 2, 3, 4)), /bytes 8 to 12 before tensor y/],
    ['a tensor past the end', file({ x, y }, f32(1, 2)), /tensor y ends at byte 12 of the data, which has 8/],
    ['bytes after the last tensor', file({ x }, f32(1, 2, 3)), /4 bytes after the last tensor, from byte 8/],
    ['metadata that is no text', file({ __metadata__: { a: 1 }, x }, f32(1, 2)), /metadata a is not text/],
  ]
  for (const [what, bytes, sentence] of cases) {
    it(what, async () => {
      const path = place(bytes)
      const reading = readSafetensors(path)
      await expect(reading).rejects.toMatchObject({ code: 'damaged', message: expect.stringMatching(sentence) })
      await expect(reading).rejects.toThrow(path)
    })
  }
})

describe('no bytes can surprise the reader', () => {
  it('5,000 mutated headers are read rightly or refused as damaged', () => {
    const random = createRandom(20)
    const header = {
      __metadata__: { format: 'pt' },
      'wte.weight': { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] },
      'ln.bias': { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
    }
    const text = JSON.stringify(header)
    let refused = 0
    for (let round = 0; round < 5000; round++) {
      const bytes = Buffer.from(text)
      for (let edits = 1 + random.integer(3); edits > 0; edits--) {
        const at = random.integer(bytes.length)
        bytes[at] = random.integer(2) ? 0x20 + random.integer(95) : bytes[random.integer(bytes.length)]
      }
      try {
        const { tensors } = parseHeader('f', bytes.toString('latin1'), 32)
        let reached = 0
        for (const { shape, dtype, beginByte, endByte } of tensors) {
          expect(beginByte).toBe(reached)
          expect(endByte - beginByte).toBe(shape.reduce((a, b) => a * b, 1) * (dtype === 'F32' ? 4 : 2))
          reached = endByte
        }
        expect(reached).toBe(32)
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'damaged') throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(2500)
  })

  it('1,000 files cut short, bit-flipped or grown are read or refused, never anything else', async () => {
    const random = createRandom(21)
    const whole = file(
      { x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] }, y: { dtype: 'F16', shape: [2], data_offsets: [8, 12] } },
      f32(1, 2, 3),
    )
    for (let round = 0; round < 1000; round++) {
      let bytes = Buffer.from(whole)
      const kind = random.integer(3)
      if (kind === 0) bytes = bytes.subarray(0, random.integer(bytes.length))
      else if (kind === 1) bytes[random.integer(bytes.length)] ^= 1 << random.integer(8)
      else bytes = Buffer.concat([bytes, Buffer.alloc(1 + random.integer(9))])
      const outcome = await readSafetensors(place(bytes)).then(
        () => 'read',
        (error) => (error instanceof Fault ? error.code : error),
      )
      expect(kind === 1 ? ['read', 'damaged'] : ['damaged']).toContain(outcome)
    }
  })
})

it.each(['F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ', 'F8_E8M0', 'C64'])(
  'a tensor in %s that nobody reads is in nobody’s way',
  async (dtype) => {
    const bytes = dtype === 'C64' ? 8 : 1
    const header = {
      scale: { dtype, shape: [1], data_offsets: [0, bytes] },
      x: { dtype: 'F32', shape: [1], data_offsets: [bytes, bytes + 4] },
    }
    const opened = await openSafetensors(place(file(header, Buffer.concat([new Uint8Array(bytes), f32(7)]))))
    expect([...(await opened.read('x'))]).toEqual([7])
    await expect(opened.read('scale')).rejects.toThrow(`scale holds ${dtype} numbers`)
    await opened.close()
  },
)
