// What a file that a browser sent is called where it lies.
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { receiveUpload, safeFileName } from '#main/platform/disk/uploads.ts'

describe('the name of an upload', () => {
  it('fits every file system in bytes, whatever its script, and keeps its ending', () => {
    expect(safeFileName(`${'漢'.repeat(100)}.jsonl`)).toBe(`${'漢'.repeat(38)}.jsonl`)
    expect(safeFileName('👩‍🔬'.repeat(100))).toMatch(/^(👩‍🔬)+/u)
    expect(safeFileName('a'.repeat(300))).toBe('a'.repeat(120))
    expect(safeFileName('\u202etxt.exe')).toBe('_txt.exe')
  })

  it('is never empty, hidden, a path, or longer than 130 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const safe = safeFileName(name)
        expect(safe).not.toMatch(/^\.|[/\\\p{Cc}\p{Bidi_Control}]|^$/u)
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(130)
      }),
    )
  })
})

it('what the disk does not take is said in a sentence', async () => {
  const upload = { folder: '/dev/full', id: 'a', name: 'a.txt', body: Readable.from(['x']), maxBytes: 10 }
  await expect(receiveUpload(upload)).rejects.toMatchObject({
    code: 'not-found',
    message: 'Could not write /dev/full/a/a.txt: part of the path is a file, not a folder.',
  })
})
