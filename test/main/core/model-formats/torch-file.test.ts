// Pickles and zips made by hand: what a table of tensors does not need is refused, at its byte, and nothing is ever
// called or unpacked.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPickle } from '#main/core/model-formats/pickle.ts'
import { PickleCall, PickleError } from '#main/core/model-formats/pickle-values.ts'
import { openTorchFile } from '#main/core/model-formats/torch-file.ts'

const words = {
  tables: new Set(['collections OrderedDict']),
  calls: new Set(['torch._utils _rebuild_tensor_v2']),
  names: new Set(['torch FloatStorage']),
}
const pickle = (text: string) => Buffer.from(text, 'latin1')
const read = (text: string) => readPickle(pickle(text), words)

describe('a pickle', () => {
  it('of plain things is read', () => {
    expect(read('\x80\x02}q\x00(X\x01\x00\x00\x00aK\x07X\x01\x00\x00\x00b]q\x01(K\x01N\x88eu.')).toEqual(
      new Map<string, unknown>([
        ['a', 7],
        ['b', [1, null, true]],
      ]),
    )
    expect(read('\x80\x02ccollections\nOrderedDict\n)R.')).toEqual(new Map())
    expect(read('\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(K\x01tR.')).toBeInstanceOf(PickleCall)
    expect(read('\x80\x02\x8a\x02\x00\xff.')).toBe(-256)
    expect(read('\x80\x02J\xff\xff\xff\xff.')).toBe(-1)
  })

  it.each([
    ['calls a shell', 'cos\nsystem\n(X\x02\x00\x00\x00lstR.', /the name "os\.system"/],
    ['names eval by the stack', '\x8c\x08builtins\x8c\x04eval\x93.', /"builtins\.eval"/],
    ['makes an object of a class', '(ios\nsystem\n.', /the opcode 0x69/],
    ['calls something that is no name', '}(K\x01tR.', /a call of something that is no name/],
    ['calls a class that is only named', 'ctorch\nFloatStorage\n(tR.', /a call of "torch FloatStorage"/],
    ['gives a table something to be made of', 'ccollections\nOrderedDict\n(K\x01tR.', /a table made of something/],
    ['uses an extension', '\x82\x01.', /the opcode 0x82/],
    ['ends too early', 'X\xff\xff\xff\x7fabc', /2147483647 bytes are wanted where 3 are left/],
    ['has no end', '}', /1 bytes are wanted where 0 are left/],
    ['recalls what it never said', 'h\x05.', /value 5 was never remembered/],
    ['leaves values over', 'NN.', /values left over/],
    ['takes from nothing', '0.', /nothing to take/],
    ['adds to a tuple', ')K\x01a.', /no list to add to/],
    ['has a key that is a list', '}]K\x01s.', /a key that is neither text nor number/],
    ['is a flood of tables', '}'.repeat(300_000) + '.', /more than 262144 (objects|values)/],
    ['doubles a value without end', 'N' + '2'.repeat(300_000) + '.', /more than 262144 values/],
  ])('that %s is refused', (_, text, sentence) => {
    expect(() => read(text)).toThrow(PickleError)
    expect(() => read(text)).toThrow(sentence)
  })
})

describe('a PyTorch file', () => {
  let home: string
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'isoflop-torch-'))
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  /** A zip of stored entries; `change` may tamper with one directory entry. */
  function zip(entries: [string, Buffer][], change: (central: Buffer, name: string) => void = () => undefined): string {
    const parts: Buffer[] = []
    const directory: Buffer[] = []
    let at = 0
    for (const [name, data] of entries) {
      const local = Buffer.alloc(30)
      local.writeUInt32LE(0x04034b50)
      local.writeUInt16LE(name.length, 26)
      const central = Buffer.alloc(46)
      central.writeUInt32LE(0x02014b50)
      central.writeUInt32LE(data.length, 20)
      central.writeUInt32LE(data.length, 24)
      central.writeUInt16LE(name.length, 28)
      central.writeUInt32LE(at, 42)
      change(central, name)
      directory.push(central, Buffer.from(name))
      parts.push(local, Buffer.from(name), data)
      at += 30 + name.length + data.length
    }
    const end = Buffer.alloc(22)
    end.writeUInt32LE(0x06054b50)
    end.writeUInt16LE(entries.length, 8)
    end.writeUInt16LE(entries.length, 10)
    end.writeUInt32LE(Buffer.concat(directory).length, 12)
    end.writeUInt32LE(at, 16)
    const path = join(home, 'case.bin')
    writeFileSync(path, Buffer.concat([...parts, ...directory, end]))
    return path
  }
  /** A table with one tensor `w` of a storage of `count` floats. */
  const table = (shape: string, strides: string, count = 'K\x04', offset = 'K\x00', storage = 'FloatStorage') =>
    pickle(
      `\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n${storage}\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu${count}tQ${offset}${shape}${strides}\x89ccollections\nOrderedDict\n)RtRs.`,
    )
  const floats = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)
  const entries = (data: Buffer, storage = floats): [string, Buffer][] => [
    ['m/data.pkl', data],
    ['m/data/0', storage],
  ]

  it('gives its tensors, whichever way they lie', async () => {
    const straight = await openTorchFile(zip(entries(table('K\x02K\x02\x86', 'K\x02K\x01\x86'))))
    expect(await straight.read('w')).toEqual(Float32Array.of(1, 2, 3, 4))
    await straight.close()
    const across = await openTorchFile(zip(entries(table('K\x02K\x02\x86', 'K\x01K\x02\x86'))))
    expect(await across.read('w')).toEqual(Float32Array.of(1, 3, 2, 4))
    await across.close()
    const part = await openTorchFile(zip(entries(table('K\x02\x85', 'K\x02\x85', 'K\x04', 'K\x01'))))
    expect(await part.read('w')).toEqual(Float32Array.of(2, 4))
    await part.close()
  })

  const refused = (path: string) =>
    openTorchFile(path).then(
      () => 'read',
      (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
    )
  it.each<[string, () => string, RegExp]>([
    [
      'reaches beyond its storage',
      () => zip(entries(table('K\x05\x85', 'K\x01\x85'))),
      /w of shape \[5\] from number 0 on does not fit its storage of 4/,
    ],
    [
      'repeats one number a billion times',
      () => zip(entries(table('J\x00\xca\x9a\x3b\x85', 'K\x00\x85'))),
      /w of shape \[1000000000\] .* does not fit/,
    ],
    [
      'claims a larger storage',
      () => zip(entries(table('K\x05\x85', 'K\x01\x85', 'K\x05'))),
      /a storage of 5 F32 numbers, and m\/data\/0 has 16 bytes/,
    ],
    [
      'has no such storage',
      () => zip([['m/data.pkl', table('K\x02\x85', 'K\x01\x85')]]),
      /w lies in the storage "0", which the file does not have/,
    ],
    [
      'has a negative shape',
      () => zip(entries(table('J\xff\xff\xff\xff\x85', 'K\x01\x85'))),
      /w has no shape that can be read/,
    ],
    [
      'has a storage of no known kind',
      () => zip(entries(table('K\x02\x85', 'K\x01\x85', 'K\x04', 'K\x00', 'QuantizedStorage'))),
      /torch\.QuantizedStorage/,
    ],
    [
      'is compressed',
      () =>
        zip([['m/data.pkl', deflateRawSync(Buffer.alloc(1e6))]], (central) => {
          central.writeUInt16LE(8, 10)
          central.writeUInt32LE(1e6, 24)
        }),
      /m\/data\.pkl is compressed/,
    ],
    [
      'has entries one inside the other',
      () =>
        zip(entries(table('K\x02\x85', 'K\x01\x85')), (central, name) => {
          if (name === 'm/data/0') central.writeUInt32LE(0, 42)
        }),
      /begins at byte \d+, inside the entry before it/,
    ],
    ['has no pickle', () => zip([['m/data/0', floats]]), /it has no data\.pkl/],
    ['holds no table', () => zip(entries(pickle('\x80\x02K\x01.'))), /holds no table of tensors/],
    [
      'is a training loop’s own checkpoint',
      () => zip(entries(pickle('\x80\x02}X\x05\x00\x00\x00model}s.'))),
      /nanoGPT.*save_pretrained/,
    ],
    [
      'holds something that is no tensor',
      () => zip(entries(pickle('\x80\x02}X\x01\x00\x00\x00wK\x01s.'))),
      /w is no tensor/,
    ],
    [
      'calls a shell',
      () => zip(entries(pickle('cos\nsystem\n(X\x02\x00\x00\x00lstR.'))),
      /asks for what is never done here: the name "os\.system"/,
    ],
    [
      'is cut short',
      () => {
        const path = zip(entries(table('K\x02\x85', 'K\x01\x85')))
        writeFileSync(path, readFileSync(path).subarray(0, -1))
        return path
      },
      /it has no directory at its end/,
    ],
    [
      'is no zip',
      () => {
        const path = join(home, 'case.bin')
        writeFileSync(path, pickle('\x80\x02}.'))
        return path
      },
      /PyTorch wrote it before version 1\.6/,
    ],
  ])('that %s is refused', async (_, make, sentence) => {
    const answer = await refused(make())
    expect(answer).toMatch(/^damaged: /)
    expect(answer).toMatch(sentence)
  })
})
