// Files as accidents and malice leave them: bits turned, parts cut, doubled and moved, numbers of headers changed.
import type { Random } from '#shared/random.ts'

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
export function tamper(whole: Buffer, random: Random): Buffer {
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
