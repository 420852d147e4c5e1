// WikiText as a person would have written it: its tokens were set apart by spaces, which lm-evaluation-harness takes
// out before a model reads it (lm_eval/tasks/wikitext/preprocess_wikitext.py, version 2.0 of the task).
import { strip } from './python-text.ts'

type Change = [from: string | RegExp, to: string | ((whole: string, inside: string, end?: string) => string)]

/**
 * `{ a b }` becomes `{a b}`: what stands between two marks loses the spaces at its ends. A mark that nothing closes
 * matches as well, and stays, so that nobody looks behind it twice.
 */
const between = (open: string, close: string): Change => [
  new RegExp(`\\${open}([^\\${close}]*)(\\${close})?`, 'g'),
  (whole, inside, end) => (end ? `${open}${strip(inside)}${close}` : whole),
]

/** In the harness's order, for each works on what the ones before have left. */
const changes: readonly Change[] = [
  ["s '", "s'"],
  [/\/' [0-9]\//g, "/'[0-9]/"], // the harness's own slip: both slashes and all, it hardly ever matches
  [' @-@ ', '-'],
  [' @,@ ', ','],
  [' @.@ ', '.'],
  [' : ', ': '],
  [' ; ', '; '],
  [' . ', '. '],
  [' ! ', '! '],
  [' ? ', '? '],
  [' , ', ', '],
  between('(', ')'),
  between('[', ']'),
  between('{', '}'),
  between('"', '"'),
  between("'", "'"),
  ['= = = =', '===='],
  ['= = =', '==='],
  ['= =', '=='],
  [' ° ', '°'],
  [' \n', '\n'],
  ['\n ', '\n'],
  [' N ', ' 1 '],
  [" 's", "'s"],
]

/** The text without the spaces that WikiText has put between its tokens. */
export const withoutWikiTextSpaces = (text: string): string =>
  changes.reduce((done, [from, to]) => done.replaceAll(from, to as string), text)
