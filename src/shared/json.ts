// JSON that others wrote: its size and depth are looked at before it is parsed, and no failure quotes what it holds.
import { deepestJson, largestJsonBytes } from './bounds.ts'

/** Why a text is not taken as JSON, as the end of a sentence that begins with its name. */
export class JsonError extends Error {}

/**
 * The value of a JSON text, behind a byte-order mark or not. JsonError `is not JSON`, `is nested more than … deep`,
 * `has … characters, …`.
 */
export function parseJson(text: string, { most = largestJsonBytes, deepest = deepestJson } = {}): unknown {
  if (text.length > most)
    throw new JsonError(`has ${text.length} characters, and at most ${most} are read as one piece of JSON`)
  if (isDeeper(text, deepest)) throw new JsonError(`is nested more than ${deepest} deep`)
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch {
    throw new JsonError('is not JSON')
  }
}

/**
 * The same where Python wrote it: its json module writes NaN, Infinity and -Infinity bare, which JSON does not know;
 * they become null.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error
    return parseJson(withoutBareWords(text))
  }
}

/** Null for the three words outside of strings. Not by one expression: a long string is too much for its memory. */
function withoutBareWords(text: string): string {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at)
    const from = quote < 0 ? text.length : quote
    parts.push(text.slice(at, from).replace(/-?Infinity\b|\bNaN\b/g, 'null'))
    at = quote < 0 ? from : stringEnd(text, quote) + 1
    parts.push(text.slice(from, at))
  }
  return parts.join('')
}

function isDeeper(text: string, deepest: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = stringEnd(text, at)
        break
      case 0x5b:
      case 0x7b:
        if (++depth > deepest) return true
        break
      case 0x5d:
      case 0x7d:
        depth--
    }
  }
  return false
}

/** The closing quote of the string that begins at `from`; the text's length where there is none. */
function stringEnd(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = at
    while (text.charCodeAt(slashes - 1) === 0x5c) slashes--
    if ((at - slashes) % 2 === 0) return at
  }
  return text.length
}
