// From items to numbers, with lm-evaluation-harness's own formulas (lm_eval/api/metrics.py, api/task.py).
import type { ItemRecord, TaskResult } from '#shared/evaluation/result.ts'
import type { MetricName, TaskRecord } from '#shared/evaluation/task.ts'
import type { Item } from './items.ts'
import { createPythonRandom } from './mersenne.ts'
import { characters, countWords, utf8Bytes } from './python-text.ts'

/** One item's part of every metric of its task. */
export function scoreItem(
  item: Item,
  logLikelihoods: readonly number[],
  areGreedy: readonly boolean[],
): Pick<ItemRecord, 'metrics' | 'size'> {
  switch (item.kind) {
    case 'choices': {
      const byCharacter = logLikelihoods.map((value, i) => value / characters(item.choices[i]))
      return {
        metrics: {
          acc: Number(largestAt(logLikelihoods) === item.gold),
          acc_norm: Number(largestAt(byCharacter) === item.gold),
          answer_bits_per_byte: bitsPerByte(logLikelihoods[item.gold], item.choices[item.gold]),
        },
      }
    }
    case 'contexts':
      return {
        metrics: {
          acc: Number(largestAt(logLikelihoods) === item.gold),
          answer_bits_per_byte: bitsPerByte(logLikelihoods[item.gold], item.continuation),
        },
      }
    case 'last-word':
      return {
        metrics: {
          perplexity: logLikelihoods[0],
          acc: Number(areGreedy[0]),
          answer_bits_per_byte: bitsPerByte(logLikelihoods[0], item.word.slice(1)), // without the space before it
        },
      }
    case 'text': {
      const [nats] = logLikelihoods
      return {
        metrics: { word_perplexity: nats, byte_perplexity: nats, bits_per_byte: nats },
        size: sizeOf(item.counted ?? item.text),
      }
    }
  }
}

/** Bits that the right answer costs after its prompt, by its bytes; the space between the two is not counted. */
const bitsPerByte = (nats: number, answer: string): number => -nats / Math.LN2 / Math.max(1, utf8Bytes(answer))

const sizeOf = (text: string) => ({ words: countWords(text), bytes: utf8Bytes(text) })

/** The first of the largest, as numpy.argmax. */
function largestAt(values: readonly number[]): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}

export const defaultBootstraps = 100_000

/** A task's numbers over all its items. `bootstraps` is for the perplexity's standard error; 0 for none. */
export async function aggregate(
  task: TaskRecord,
  records: readonly ItemRecord[],
  shots: number,
  bootstraps: number,
): Promise<TaskResult> {
  const metrics: TaskResult['metrics'] = []
  for (const name of task.metrics) {
    const values = records.map((record) => record.metrics[name]!)
    metrics.push({
      name,
      value: metricValue(name, values, records),
      stderr: await metricStderr(name, values, bootstraps),
    })
  }
  return { task: task.name, title: task.title, shots, items: records.length, chance: task.chance, metrics }
}

const sum = (values: ArrayLike<number>): number => {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]
  return total
}
const mean = (values: ArrayLike<number>): number => sum(values) / values.length

function metricValue(name: MetricName, values: readonly number[], records: readonly ItemRecord[]): number {
  const words = () => sum(records.map(({ size }) => size!.words))
  const bytes = () => sum(records.map(({ size }) => size!.bytes))
  switch (name) {
    case 'acc':
    case 'acc_norm':
    case 'answer_bits_per_byte':
      return mean(values)
    case 'perplexity':
      return Math.exp(-mean(values))
    case 'word_perplexity':
      return Math.exp(-sum(values) / words())
    case 'byte_perplexity':
      return Math.exp(-sum(values) / bytes())
    case 'bits_per_byte':
      return -sum(values) / bytes() / Math.LN2
  }
}

/**
 * Of a mean: the sample's deviation over the root of its size. Of a perplexity: by bootstrap. Null for one item, and
 * for ratios.
 */
async function metricStderr(name: MetricName, values: readonly number[], bootstraps: number): Promise<number | null> {
  if (values.length < 2 || bootstraps === 0) return null
  if (name === 'acc' || name === 'acc_norm' || name === 'answer_bits_per_byte')
    return sampleDeviation(values) / Math.sqrt(values.length)
  return name === 'perplexity' ? sampleDeviation(await bootstrapPerplexities(values, bootstraps)) : null
}

function sampleDeviation(values: ArrayLike<number>): number {
  const centre = mean(values)
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += (values[i] - centre) ** 2
  return Math.sqrt(squares / (values.length - 1))
}

const chunk = 1000

/**
 * The harness's draws: chunks of a thousand resamples, the chunk's number its seed. Lets the process breathe between
 * chunks.
 */
async function bootstrapPerplexities(values: readonly number[], draws: number): Promise<Float64Array> {
  const size = Math.min(chunk, draws)
  const chunks = Math.floor(draws / size)
  const data = Float64Array.from(values)
  const count = data.length
  const perplexities = new Float64Array(size * chunks)
  for (let c = 0; c < chunks; c++) {
    const random = createPythonRandom(c)
    for (let draw = 0; draw < size; draw++) {
      let total = 0
      for (let i = 0; i < count; i++) total += data[Math.floor(random.next() * count)]
      perplexities[c * size + draw] = Math.exp(-(total / count))
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return perplexities
}
