// What is known of two sets of weights, line by line.
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import type { TaskScores } from './task-scores.ts'
import type { useLossUnit } from '../../stores/loss-unit.ts'
import type { Entry } from '../../stores/models.ts'
import { exactly, formatBytes, formatCount, formatLoss, rounded, threeDigits } from '#shared/numbers.ts'

export interface Fact {
  name: string
  a: string
  b: string
}

const tokenizerWords = (choice: TokenizerChoice | null): string => {
  if (!choice) return 'none'
  if (choice.kind === 'bytes') return 'bytes'
  return choice.kind === 'gpt2'
    ? 'GPT-2'
    : choice.kind === 'bpe'
      ? `learned BPE, ${exactly(choice.vocabulary)}`
      : `its own, ${exactly(choice.vocabulary)}`
}

/** What losses are said in. */
type Said = Pick<ReturnType<typeof useLossUnit>, 'words' | 'said'>

/** Lines that neither has are left out. */
export function factRows(a: Entry, b: Entry, scores: ReadonlyMap<string, TaskScores>, unit: Said): Fact[] {
  const [left, right] = [a, b].map((entry): Record<string, string> => ({
    ...factsOf(entry, unit),
    Tasks: scores.get(entry.key)?.lines.join('\n') ?? '–',
  }))
  return Object.keys(left)
    .map((name) => ({ name, a: left[name], b: right[name] }))
    .filter((fact) => fact.a !== '–' || fact.b !== '–')
}

function factsOf(
  { model: { shape, activation, parametrisation }, parameters, bytes, row, imported }: Entry,
  { words, said }: Said,
): Record<string, string> {
  const made = row?.made
  const recipe = made?.recipe
  const isScaled = parametrisation.embeddingScale !== 1 || parametrisation.outputScale !== 1
  return {
    Parameters: formatCount(parameters),
    'Layers, width, heads': `${shape.layers}, ${shape.width}, ${shape.heads}`,
    'Context, vocabulary': `${exactly(shape.context)}, ${exactly(shape.vocabulary)}`,
    Activation: activation === 'gelu' ? 'GELU (erf)' : 'GELU (tanh)',
    Parametrization: isScaled
      ? `muP: embedding ${threeDigits(parametrisation.embeddingScale)}, output ${threeDigits(parametrisation.outputScale)}`
      : 'standard',
    Tokenizer: tokenizerWords(made?.tokenizer ?? imported?.tokenizer ?? null),
    'Training tokens': row ? `${formatCount(row.tokens)}, ${threeDigits(row.tokens / parameters)} tokens/param` : '–',
    Step: row && made ? `${exactly(row.step)} of ${exactly(made.steps)}` : '–',
    [`Training loss (${words})`]: row ? formatLoss(said({ id: row.runId }, row.loss, 'training')) : '–',
    [`Validation loss (${words})`]: row ? formatLoss(said({ id: row.runId }, row.validationLoss, 'validation')) : '–',
    'Peak learning rate': made ? String(rounded(made.peakLearningRate)) : '–',
    Batch: made
      ? `${exactly(made.batchSequences)} sequences, ${formatCount(made.batchSequences * (recipe?.context ?? shape.context))} tokens`
      : '–',
    Decay: recipe ? `${recipe.decay} to ${100 * recipe.finalFraction} %` : '–',
    Seed: recipe ? String(recipe.seed) : '–',
    'Began from': made?.origin ? `the weights of ${made.origin.name}` : made ? 'random weights' : '–',
    License: imported?.licence ?? '–',
    'Source dtype': imported ? imported.dtypes.join(', ') : '–',
    'On disk': formatBytes(bytes),
  }
}
