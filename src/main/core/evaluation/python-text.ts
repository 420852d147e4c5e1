// Where lm-evaluation-harness leaves something to Python's strings: what a space is, what capitalize does, how long a
// text is.

/**
 * What str.isspace and \\s of Python's `re` take for a space, as the inside of a class of characters; JavaScript's own
 * has U+FEFF and lacks U+001C to U+001F and U+0085.
 */
export const space = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const leading = new RegExp(`^[${space}]+`)
const isSpace = new RegExp(`[${space}]`)
const run = new RegExp(`[${space}]+`)

export const strip = (text: string): string => stripEnd(stripStart(text))

export const stripStart = (text: string): string => text.replace(leading, '')

export function stripEnd(text: string): string {
  // Not by an expression, which would look again from every space of a long text.
  let end = text.length
  while (end > 0 && isSpace.test(text[end - 1])) end--
  return text.slice(0, end)
}

/** str.capitalize: the first character in title case, all others in lower case. */
export function capitalize(text: string): string {
  const [first = ''] = text
  const upper = first.toUpperCase()
  // A character whose upper case is several letters, such as ß: only the first of them stays large.
  const [head = '', ...tail] = upper
  return head + tail.join('').toLowerCase() + text.slice(first.length).toLowerCase()
}

/** len(str): code points. */
export function characters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** len(re.split(r'\s+', text)). */
export const countWords = (text: string): number => text.split(run).length

export const utf8Bytes = (text: string): number => Buffer.byteLength(text)
