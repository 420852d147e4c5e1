// The README of an export: what the model is, how to load it, and the data of the run that made it.
import type { Corpus } from '#shared/corpus.ts'
import { tokensBefore } from '#shared/family/batch-size.ts'
import { flopsConventionNames, parameterCountNames } from '#shared/family/counting.ts'
import type { MemberPlan } from '#shared/family/ladder.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { exactly as count, formatSeconds, withPlainSpaces } from '#shared/numbers.ts'
import { opennessLines, ownOpenness, type OwnOpenness } from '#shared/openness/own-row.ts'
import { optimalRatio } from '#shared/openness/openness.ts'
import type { RunPlan, SplitScore } from '#shared/run.ts'
import type { StudyDocument } from '#shared/study.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'

export interface ExportCard {
  /** Of Isoflop. */
  version: string
  plan: RunPlan
  /** What repeats the run elsewhere to the same bits; written beside the card, which links it. */
  study?: StudyDocument | null
  /** Where the exported weights stand in the run. */
  step: number
  /** Losses in nats per token; null where none was recorded. */
  loss: number | null
  validationLoss: number | null
  /** What it was scored on, where that was the whole validation split. */
  whole?: SplitScore
  elapsedMs: number
  device: string | null
  /** `source` null for texts of a person's own: where those lie is nobody's business. */
  corpus: (Pick<Corpus, 'name' | 'licence'> & { source: string | null }) | null
}

/** Markdown with the front matter that the Hugging Face hub reads. */
export function modelCard(
  { shape, activation, parametrisation }: ModelPlan,
  card: ExportCard,
  numbers = 'fp32',
): string {
  const { plan } = card
  const { member, recipe } = plan
  const tokensOf = (steps: number): number => tokensBefore(member, steps, shape.context)
  const tokens = tokensOf(card.step)
  const isWhole = card.step === member.steps
  const rows: [string, string][] = [
    ['layers, width, heads', `${shape.layers}, ${shape.width}, ${shape.heads}`],
    ['context', `${count(shape.context)} tokens`],
    ['vocabulary', `${count(shape.vocabulary)}, ${tokenizerName(plan.tokenizer)}`],
    ['parameters', count(member.parameters)],
    ['activation', activation === 'gelu' ? 'GELU (erf)' : 'GELU (tanh)'],
    [
      'parametrization',
      recipe.parametrisation === 'mup'
        ? `muP, base width ${recipe.mupBaseWidth}; its scales (embedding ${parametrisation.embeddingScale}, output ${parametrisation.outputScale}, attention ${parametrisation.attentionScale}) are multiplied into the weights`
        : 'standard',
    ],
    [
      'trained on',
      card.corpus
        ? [card.corpus.name, card.corpus.source, card.corpus.licence && `license: ${card.corpus.licence}`]
            .filter(Boolean)
            .join('; ')
        : plan.corpusId,
    ],
    [
      'training tokens',
      `${count(tokens)} (${(tokens / member.countedParameters).toFixed(1)} for each counted parameter: ${parameterCountNames[recipe.countedParameters]})`,
    ],
    ['steps', isWhole ? count(card.step) : `${count(card.step)} of ${count(member.steps)}: the run was not finished`],
    ['batch', batchWords(member, shape.context)],
    [
      'learning rate',
      `${member.peakLearningRate} at most, ${count(member.warmupSteps)} steps of warmup, ${member.decay ?? recipe.decay} decay to ${100 * (member.finalFraction ?? recipe.finalFraction)} %`,
    ],
    [
      'AdamW',
      `betas ${recipe.beta1}, ${recipe.beta2}; epsilon ${member.epsilon ?? recipe.epsilon}; weight decay ${recipe.weightDecay}; gradients clipped at norm ${recipe.clipNorm}`,
    ],
    [
      `training compute (${flopsConventionNames[recipe.flopsConvention]})`,
      `${(member.flops[recipe.flopsConvention] * (tokens / tokensOf(member.steps))).toPrecision(3)} FLOPs`,
    ],
    ['training loss', loss(card.loss)],
    ['validation loss', loss(card.validationLoss) + scoredOn(card)],
    ['seeds', `weights ${recipe.seed}, data ${plan.seed}`],
    ['precision', recipe.precision === 'bf16' ? 'products in bf16, sums and weights in fp32' : 'fp32'],
    ['time and device', `${withPlainSpaces(formatSeconds(card.elapsedMs / 1000))} on ${card.device ?? plan.engine}`],
  ]
  return `---
library_name: transformers
pipeline_tag: text-generation
tags:
- gpt2
- isoflop
---

# ${plain(plan.name)}

${introduction(card, tokens)}

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained('path/to/this/folder')
model = AutoModelForCausalLM.from_pretrained('path/to/this/folder')
print(tokenizer.decode(model.generate(**tokenizer('It was', return_tensors='pt'), max_new_tokens=40)[0]))
\`\`\`

| | |
|---|---|
${rows.map(([name, value]) => `| ${name} | ${plain(value)} |`).join('\n')}

## Openness

| | | | source |
|---|---|---|---|
${opennessLines(openness(card, tokens))
  .map(({ name, answer, note, source }) => `| ${name} | ${answer} | ${plain(note)} | ${plain(source)} |`)
  .join('\n')}

Weights are ${numbers}, linear weights lie [in, out] as GPT-2's Conv1D keeps them, and the head is the token embedding.
${card.study ? repeatedBy : ''}`
}

/** Beside the card. */
export const studyFileName = 'isoflop-study.json'

const repeatedBy = `
[${studyFileName}](${studyFileName}) repeats this training with Isoflop on the same text, and says whether every loss is the
same bits:

\`\`\`sh
isoflop studies repeat ${studyFileName}
\`\`\`
`

/** The row by which `isoflop openness` compares models, of this one. */
const openness = ({ version, corpus, plan, step, validationLoss }: ExportCard, tokens: number): OwnOpenness =>
  ownOpenness({
    version,
    corpus,
    // What a model learned before it came here is not known.
    sizes: tokens > 0 && !plan.origin ? [{ name: plan.name, parameters: plan.member.parameters, tokens }] : [],
    weights: { answer: 'yes', note: `step ${count(step)}, in this folder`, source: 'this card' },
    checkpoints: { answer: 'no', note: 'this step alone', source: 'this card' },
    evaluations:
      validationLoss === null ? null : { answer: 'partly', note: 'validation loss, no tasks', source: 'this card' },
    recipe: 'this card',
  })

/** Calls a model compute-optimal only where it got the tokens that this means. */
function introduction({ plan: { member, origin }, version, step }: ExportCard, tokens: number): string {
  const ratio = tokens / member.countedParameters
  const size = `A GPT of ${count(member.parameters)} parameters`
  const warning = 'A model this small shows how loss falls with compute; it is not meant to be relied on.'
  if (origin)
    return `${size}, trained on with Isoflop ${version} from the weights of ${plain(origin.name)}, on ${count(tokens)} more tokens.\n${warning}`
  if (step === member.steps && Math.abs(ratio - optimalRatio) < 0.05 * optimalRatio) {
    return `${size}, trained with Isoflop ${version} on ${ratio.toFixed(1)} tokens for each counted parameter: compute-optimal\nby the rule of Hoffmann et al. (2022), as the Cerebras-GPT family was (Dey et al. 2023). ${warning}`
  }
  return `${size}, trained with Isoflop ${version} on ${ratio.toFixed(1)} tokens for each counted parameter, where ${optimalRatio} would be compute-optimal\n(Hoffmann et al. 2022). ${warning}`
}

/** Of every phase, where the batch changed on the way. */
const batchWords = ({ batchSequences, phases, steps }: MemberPlan, context: number): string =>
  (phases?.length ? phases : [{ steps, batchSequences }])
    .map((phase) => {
      const batch = `${count(phase.batchSequences)} sequences, ${count(phase.batchSequences * context)} tokens`
      return phases?.length ? `${batch} for ${count(phase.steps)} steps` : batch
    })
    .join('; then ')

const scoredOn = ({ whole }: ExportCard): string =>
  whole
    ? `${whole.standardError === null ? '' : ` ± ${whole.standardError.toPrecision(1)}`}, over the ${count(whole.tokens)} tokens of the validation split`
    : ''
const loss = (nats: number | null): string => (nats === null ? 'not recorded' : `${nats.toFixed(4)} nats per token`)
/** A person's words inside a table: one line, no markup. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/[|<>`[\]]/g, (sign) => `\\${sign}`)

function tokenizerName(choice: TokenizerChoice): string {
  if (choice.kind === 'bytes') return 'bytes and end of text'
  if (choice.kind === 'model') return 'the tokenizer of the model it began from'
  return choice.kind === 'gpt2' ? 'GPT-2’s byte-level BPE' : 'byte-level BPE learned on the corpus'
}
