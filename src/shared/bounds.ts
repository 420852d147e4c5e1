// How much of anything from outside is taken in or shown: each bound once, so that no file and no request outgrows it.

/** Bytes of UTF-8 in a failure's sentence, and in the details behind it. */
export const longestMessageBytes = 1000
export const longestDetailsBytes = 16_000

/** Characters of a foreign value that a sentence quotes. */
const longestQuote = 60

/** Lists and tables inside one another, in JSON from outside. */
export const deepestJson = 100

/** Bytes of a text file that is parsed as a whole: a tokenizer, an index of weights, a configuration. */
export const largestJsonBytes = 64 << 20

/** Bytes of a safetensors header: 130,000 tensors with their names. */
export const largestHeaderBytes = 16 << 20

/** Bytes that one parquet page may become, and values it may hold. Writers end a page at about 1 MB. */
export const largestPageBytes = 64 << 20
export const mostPageValues = 1 << 21

/** What a packed text may become: so many times its bytes, where it becomes large at all. Texts shrink to a tenth. */
export const mostExpansion = 250
export const largestUnpackedBytes = 256 << 20

/** Bytes that all pages of a parquet file of evaluation rows may become: its rows are held at once. */
export const largestRowsBytes = 96 << 20

/** `text` in at most `mostBytes` of UTF-8: its beginning and, because a remedy stands there, its end. */
export function shortened(text: string, mostBytes: number): string {
  if (text.length * 3 <= mostBytes || utf8Length(text, mostBytes) <= mostBytes) return text
  const tail = takeBytes(Array.from(text.slice(-mostBytes)).reverse(), mostBytes >> 2).reverse()
  const head = takeBytes(Array.from(text.slice(0, mostBytes)), mostBytes - (mostBytes >> 2) - 3)
  return `${head.join('')}…${tail.join('')}`
}

/** A value from outside as a sentence can show it: JSON, cut after some dozens of characters. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(cut(value))
  if (Array.isArray(value)) return `[${cut(value.slice(0, 8).map(brief).join(', '))}${value.length > 8 ? ', …' : ''}]`
  return typeof value === 'object' && value !== null ? 'a table' : String(value)
}

const brief = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? '…'
    : typeof value === 'string'
      ? JSON.stringify(cut(value))
      : String(value)
const cut = (text: string): string => (text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text)

const bytesOf = (character: string): number => {
  const code = character.codePointAt(0)!
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
}

/** Bytes of UTF-8; counting ends where it passes `enough`. */
function utf8Length(text: string, enough: number): number {
  let bytes = 0
  for (const character of text) if ((bytes += bytesOf(character)) > enough) break
  return bytes
}

function takeBytes(characters: string[], mostBytes: number): string[] {
  let bytes = 0
  const end = characters.findIndex((character) => (bytes += bytesOf(character)) > mostBytes)
  return end < 0 ? characters : characters.slice(0, end)
}
