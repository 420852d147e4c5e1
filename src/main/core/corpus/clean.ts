// Bytes to text: what is not UTF-8 is replaced and counted, zero bytes and stray byte-order marks are taken out and
// counted, line ends become \n.
import type { LeftOut } from '#shared/corpus.ts'
import { Fault } from '#shared/fault.ts'

/** What a reader counts on the way; lone surrogates are among the replaced. */
export type Cleaning = Pick<LeftOut, 'replaced' | 'removed' | 'controls'>

/** Text of whole lines of UTF-8. */
export function decodeUtf8(bytes: Buffer, cleaning: Cleaning): string {
  const text = bytes.toString('utf8')
  cleaning.replaced += countReplaced(bytes, text)
  return cleanText(text, cleaning)
}

/** How many U+FFFD in `text` were not in the bytes it was decoded from. */
export function countReplaced(bytes: Buffer, text: string): number {
  return text.includes('\ufffd') ? count(text, '\ufffd') - countBytes(bytes, replacement) : 0
}

const replacement = Buffer.from('\ufffd')

/** Text as documents have it: no zero byte, no byte-order mark, \n for line ends, no lone surrogate. */
export function cleanText(text: string, cleaning: Cleaning): string {
  let clean = text
  if (clean.includes('\r')) clean = clean.replace(/\r\n?/g, '\n')
  for (const stray of ['\0', '\ufeff']) {
    if (!clean.includes(stray)) continue
    cleaning.removed += count(clean, stray)
    clean = clean.replaceAll(stray, '')
  }
  if (control.test(clean)) cleaning.controls = (cleaning.controls ?? 0) + clean.match(new RegExp(control, 'gu'))!.length
  if (loneSurrogate.test(clean))
    clean = clean.replace(new RegExp(loneSurrogate, 'gu'), () => (cleaning.replaced++, '\ufffd'))
  return clean
}

/** Cc without tab, line feed, form feed and escape, which terminals' and printers' texts hold. */
const control = /[^\P{Cc}\t\n\f\u001b\u0080-\u009f]/u
const loneSurrogate = /\p{Surrogate}/u

function count(text: string, part: string): number {
  let found = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++
  return found
}

function countBytes(bytes: Buffer, part: Buffer): number {
  let found = 0
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + part.length)) found++
  return found
}

export type Encoding = { name: 'utf-8' | 'utf-16le' | 'utf-16be'; markBytes: number }

/** The encoding a byte-order mark tells of; UTF-8 without one. A Fault where the beginning is no text at all. */
export function detectEncoding(beginning: Buffer, path: string): Encoding {
  if (beginning[0] === 0xef && beginning[1] === 0xbb && beginning[2] === 0xbf) return { name: 'utf-8', markBytes: 3 }
  if (beginning[0] === 0xff && beginning[1] === 0xfe) return { name: 'utf-16le', markBytes: 2 }
  if (beginning[0] === 0xfe && beginning[1] === 0xff) return { name: 'utf-16be', markBytes: 2 }
  const sample = beginning.subarray(0, 1 << 16)
  let nulls = 0
  for (const byte of sample) if (byte === 0) nulls++
  if (nulls > 16 && nulls > sample.length / 20) {
    throw new Fault(
      'bad-input',
      `${path} does not look like text: ${Math.round((100 * nulls) / sample.length)} % of its beginning are zero bytes. Save it as UTF-8 text.`,
    )
  }
  const text = sample.toString('utf8')
  const strange = countReplaced(sample, text)
  const wide = text.replace(/[\0-\x7f]/g, '').length - strange
  if (strange > 16 && strange > wide && strange > sample.length / 1000) {
    throw new Fault(
      'bad-input',
      `${path} does not look like UTF-8: ${strange} of the characters in its beginning are of another encoding, such as Latin-1. Save it as UTF-8 text.`,
    )
  }
  return { name: 'utf-8', markBytes: 0 }
}
