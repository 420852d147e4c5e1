// A text of our own that is quick to learn from: made-up sentences, the same ones every time.
import { createRandom } from '#shared/random.ts'

const words = (
  'the a one this every loss curve model token step width layer batch rate law power compute budget ladder member run falls rises bends grows shrinks learns ' +
  'reads writes counts trains waits slowly quickly twice never always small large pale dark first last'
).split(' ')

/** About `bytes` of ASCII, in paragraphs divided by blank lines. */
export function smallText(bytes: number): string {
  const random = createRandom(7)
  const pick = (): string => words[Math.floor(random.next() ** 2 * words.length)]
  const paragraphs: string[] = []
  let length = 0
  while (length < bytes) {
    const sentences = Array.from({ length: 3 + random.integer(4) }, () => {
      const text = Array.from({ length: 4 + random.integer(9) }, pick).join(' ')
      return `${text[0].toUpperCase()}${text.slice(1)}.`
    })
    const paragraph = sentences.join(' ')
    paragraphs.push(paragraph)
    length += paragraph.length + 2
  }
  return `${paragraphs.join('\n\n')}\n`
}
