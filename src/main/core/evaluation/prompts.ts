// The words a model gets to read: examples, a blank line between, and each continuation it is asked about.
import type { Item } from './items.ts'

/** How likely is `continuation` after `context`? An empty context stands for the end of a text. */
export interface ScoreRequest {
  context: string
  continuation: string
}

const targetDelimiter = ' '
const shotDelimiter = '\n\n'

/**
 * An item with its answer, as an example. LAMBADA's word brings a space of its own, so there are two: so it is in the
 * harness.
 */
export function shotText(item: Item): string {
  switch (item.kind) {
    case 'choices':
      return item.context + targetDelimiter + item.choices[item.gold] + shotDelimiter
    case 'contexts':
      return item.contexts[item.gold] + targetDelimiter + item.continuation + shotDelimiter
    case 'last-word':
      return item.context + targetDelimiter + item.word + shotDelimiter
    case 'text':
      throw new Error('a text has no examples')
  }
}

/** What is asked of the model for one item, in the order of its choices. */
export function scoreRequests(item: Item, shots: readonly Item[]): ScoreRequest[] {
  const before = shots.map(shotText).join('')
  switch (item.kind) {
    case 'choices':
      return item.choices.map((choice) => ({ context: before + item.context, continuation: targetDelimiter + choice }))
    case 'contexts':
      return item.contexts.map((context) => ({
        context: before + context,
        continuation: targetDelimiter + item.continuation,
      }))
    case 'last-word':
      return [{ context: before + item.context, continuation: item.word }]
    case 'text':
      return [{ context: '', continuation: item.text }]
  }
}
