// A filter's text as words, values and marks.
import { quoted } from '../bounds.ts'
import { Fault } from '../fault.ts'

export interface Token {
  /** `text` stood in quotation marks: it is neither a keyword nor a number. */
  kind: 'word' | 'text' | 'mark'
  text: string
  /** What the text says as a number, where it is one. */
  number?: number
}

const mark = /^(<=|>=|!=|==|[<>=~()])/
const quotation = /^(?:"([^"]*)"|'([^']*)')/
const amount = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?:\s*(?:[kMGBTPE]?FLOPs?|[kKMGBTPE]|ms|s|min|h|d))?(?![\w./-])/
const word = /^[^\s<>=!~()"']+/

const factors: Record<string, number> = {
  ...{ k: 1e3, K: 1e3, M: 1e6, G: 1e9, B: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ ms: 1e-3, s: 1, min: 60, h: 3600, d: 86_400 },
}

/** Throws `bad-input` where a quotation mark never closes or a character means nothing. */
export function lex(text: string): Token[] {
  const tokens: Token[] = []
  for (let rest = text.trimStart(); rest; rest = rest.trimStart()) {
    const match = mark.exec(rest) ?? quotation.exec(rest) ?? amount.exec(rest) ?? word.exec(rest)
    if (!match)
      throw new Fault(
        'bad-input',
        /^["']/.test(rest) ? 'A quotation mark never closes.' : `${quoted(rest[0])} is not understood in a filter.`,
      )
    tokens.push(tokenOf(match[0]))
    rest = rest.slice(match[0].length)
  }
  return tokens
}

function tokenOf(text: string): Token {
  if (mark.test(text)) return { kind: 'mark', text: text === '==' ? '=' : text }
  if (quotation.test(text)) return { kind: 'text', text: text.slice(1, -1) }
  return { kind: 'word', text, ...(amount.test(text) ? { number: numberOf(text) } : {}) }
}

/** `1e15`, `3.5M`, `60 GFLOP`, `10 min`, as a plain number: of things, FLOPs or seconds. */
function numberOf(text: string): number {
  const [, digits, unit] = /^([+-]?[\d.]+(?:e[+-]?\d+)?)\s*([A-Za-z]*)$/.exec(text)!
  const prefix = unit.replace(/FLOPs?$/, '')
  return Number(digits) * (prefix ? factors[prefix] : 1)
}
