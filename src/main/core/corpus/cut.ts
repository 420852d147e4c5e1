// Where a text without records becomes documents: pure rules, so that the same text is always cut at the same places.

/** GPT's end-of-text marker; a text file that carries it says itself where its documents end. */
export const endOfTextMarker = '<|endoftext|>'

/** A marked document beyond this is cut like any other text, so that none outgrows memory. Characters. */
const longestMarked = 1 << 20

/**
 * How finely a corpus is cut, in characters; smaller for small corpora, so that there are about 64 documents to split.
 */
export interface Grain {
  /** A document cut out of a text has from this to twice this. */
  length: number
  /** A file up to this size is one document, as whoever made the file meant it. Bytes. */
  wholeFileBytes: number
}

/** 4 kB documents and whole files up to 32 kB; less below 256 kB of text. */
export function grainOf(corpusBytes: number): Grain {
  return {
    length: Math.min(4096, Math.max(256, Math.ceil(corpusBytes / 64))),
    wholeFileBytes: Math.min(32_768, Math.ceil(corpusBytes / 8)),
  }
}

export interface Cutter {
  /** Takes the next piece of a file, returns the documents that are complete with it. */
  push(text: string): string[]
  /** The file is over: what is left. */
  flush(): string[]
}

/**
 * Cuts one file. The marker always ends a document. Text without it (`isMarked` false) is cut besides: at the first
 * blank line after
 * `length` characters, or where none comes before twice that, after the first sentence or line, or else the last word,
 * in between. The pieces a file
 * arrives in make no difference.
 */
export function createCutter(length: number, isMarked: boolean): Cutter {
  const shortest = isMarked ? longestMarked : length
  const longest = 2 * shortest
  let pending = ''
  const cut = (isEnd: boolean): string[] => {
    const documents: string[] = []
    let from = 0
    const take = (to: number) => {
      const document = pending.slice(from, to).trim()
      if (document) documents.push(document)
      from = to
    }
    for (;;) {
      const marker = pending.indexOf(endOfTextMarker, from)
      // The last characters may be half a marker: until the end they wait.
      const end = marker >= 0 ? marker : isEnd ? pending.length : pending.length - endOfTextMarker.length
      while (end - from > longest) take(from + cutWithin(pending.slice(from, from + longest), shortest))
      if (marker < 0) break
      take(marker)
      from += endOfTextMarker.length
    }
    if (isEnd) take(pending.length)
    pending = pending.slice(from)
    return documents
  }
  return {
    push(text) {
      pending += text
      return cut(false)
    },
    flush: () => cut(true),
  }
}

/** The best place to cut `text` at `shortest` or later. */
function cutWithin(text: string, shortest: number): number {
  const rest = text.slice(shortest)
  const blankLine = /\n[ \t]*\n/.exec(rest)
  if (blankLine) return shortest + blankLine.index + blankLine[0].length
  const sentence = /[.!?…]["'”’)\]]*\s/.exec(rest)
  if (sentence) return shortest + sentence.index + sentence[0].length
  const line = rest.indexOf('\n')
  if (line >= 0) return shortest + line + 1
  const blank = rest.lastIndexOf(' ')
  if (blank >= 0) return shortest + blank + 1
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last < 0xdc00 ? text.length - 1 : text.length // never between the halves of a character
}
