// GPT-2's first cut of a text, into words that merges never cross.

/**
 * What GPT-2 published, with \s written as Unicode's White_Space: JavaScript's own \s takes U+FEFF for a space and
 * U+0085 for none,
 * unlike the tokenizers that must agree with this one.
 */
export const wordPattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

const other = 0
const letter = 1
const digit = 2
const space = 3

/** Class of every UTF-16 unit; of a surrogate, only the pair has one. */
const classOfUnit: Uint8Array = (() => {
  const classes = new Uint8Array(0x10000)
  for (let unit = 0; unit < 0x10000; unit++) classes[unit] = classOf(String.fromCharCode(unit))
  return classes
})()

function classOf(character: string): number {
  if (/\p{L}/u.test(character)) return letter
  if (/\p{N}/u.test(character)) return digit
  return /\p{White_Space}/u.test(character) ? space : other
}

const classOfPair = new Map<number, number>()

/** Class of the character at `at`; it is two units long where `code` is above 0xffff. */
function classAt(text: string, at: number): number {
  const unit = text.charCodeAt(at)
  if (unit < 0xd800 || unit > 0xdbff) return classOfUnit[unit]!
  const code = text.codePointAt(at)!
  if (code < 0x10000) return other
  let found = classOfPair.get(code)
  if (found === undefined) classOfPair.set(code, (found = classOf(String.fromCodePoint(code))))
  return found
}

const unitsAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1)

/** Calls `take` with the bounds of every word in turn; the same words as `wordPattern` finds, several times as fast. */
export function eachWord(text: string, take: (from: number, to: number) => void): void {
  const end = text.length
  const runEnd = (at: number, kind: number): number => {
    while (at < end && classAt(text, at) === kind) at += unitsAt(text, at)
    return at
  }
  for (let from = 0; from < end;) {
    const unit = text.charCodeAt(from)
    let to = unit === 0x27 ? from + contractionLength(text, from) : from
    if (to === from) {
      // A blank belongs to what follows it, unless that is another space.
      const start = unit === 0x20 && from + 1 < end && classAt(text, from + 1) !== space ? from + 1 : from
      const kind = classAt(text, start)
      to = runEnd(start, kind)
      // Spaces before a word leave it the last of them: \s+(?!\S).
      if (kind === space && to < end && to - from > 1) to--
    }
    take(from, to)
    from = to
  }
}

/** Length of 's, 't, 're, 've, 'm, 'll or 'd at the apostrophe `at`; 0 for none. */
function contractionLength(text: string, at: number): number {
  const next = text[at + 1]
  if (next === 's' || next === 't' || next === 'm' || next === 'd') return 2
  const both = text.slice(at + 1, at + 3)
  return both === 're' || both === 've' || both === 'll' ? 3 : 0
}
