// One task after another over a model: items are read in the order of their file, scored in batches, and told one by
// one.
import type { EvaluationRecord, EvaluationResult, ItemRecord, TaskResult } from '#shared/evaluation/result.ts'
import type { TaskRecord } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import type { Engine, PrefixTree, TokenScore } from '#main/core/engine/engine.ts'
import {
  prefixTreeOf,
  createRequestEncoder,
  encodeWindows,
  type EncodedRequest,
  type EncodingTokenizer,
} from './encode.ts'
import type { Item } from './items.ts'
import { aggregate, defaultBootstraps, scoreItem } from './metrics.ts'
import { scoreRequests } from './prompts.ts'
import { createShots, type ShotPlan } from './shots.ts'

/** One task with its items, and the examples that go before each. */
export interface TaskWork {
  task: TaskRecord
  items: readonly Item[]
  shots: ShotPlan
  /** Rows that its file has, and those of them that hold no text. */
  rows?: number
  withoutText?: number
}

export interface EvaluateRequest {
  works: readonly TaskWork[]
  /** Records of an earlier, interrupted session over the same model, items and examples: they are not scored again. */
  done?: readonly ItemRecord[]
  /** Resamples for the standard error of a perplexity. */
  bootstraps?: number
}

export interface EvaluateDeps {
  engine: Pick<Engine, 'scorePrefixTrees' | 'model' | 'device'>
  tokenizer: EncodingTokenizer
  nowMs?: () => number
}

/** Tokens of one call to the engine: enough for its products to be efficient, few enough for a person who cancels. */
const batchTokens = 1024

/**
 * Yields every item's record, new ones only, and how far it has come; returns the tasks' numbers. Ends with `cancelled`
 * when `signal` aborts.
 */
export async function* evaluate(
  { works, done = [], bootstraps = defaultBootstraps }: EvaluateRequest,
  deps: EvaluateDeps,
  signal?: AbortSignal,
): AsyncGenerator<EvaluationRecord, EvaluationResult> {
  const nowMs = deps.nowMs ?? (() => performance.now())
  const startedMs = nowMs()
  const tasks: TaskResult[] = []
  const secondsByTask: Record<string, number> = {}
  let scored = 0
  for (const { task, items, shots, rows, withoutText } of works) {
    if (items.length === 0) throw new Fault('bad-input', `There is no item of ${task.name} to evaluate.`)
    const begunMs = nowMs()
    const records = new Map<number, ItemRecord>()
    for (const record of done)
      if (record.task === task.name && record.index < items.length)
        records.set(record.index, withMetrics(record, items[record.index]))
    yield { kind: 'progress', task: task.name, done: records.size, of: items.length }
    for (const batch of batches(items, records, shots, deps)) {
      for (const record of await scoreBatch(task, batch, deps.engine, signal)) {
        records.set(record.index, record)
        scored++
        yield record
      }
      yield { kind: 'progress', task: task.name, done: records.size, of: items.length }
    }
    secondsByTask[task.name] = (nowMs() - begunMs) / 1000
    const inOrder = items.map((_, index) => records.get(index)!)
    const numbers = await aggregate(task, inOrder, shots.count, bootstraps)
    const cut = inOrder.filter(({ isCut }) => isCut).length
    tasks.push({ ...numbers, rows: rows ?? items.length, withoutText: withoutText ?? 0, cut })
  }
  return { tasks, scored, seconds: (nowMs() - startedMs) / 1000, secondsByTask, device: deps.engine.device }
}

/** A record of an older version with all metrics of today: they follow from the likelihoods. */
const withMetrics = (record: ItemRecord, item: Item): ItemRecord => ({
  ...record,
  ...scoreItem(item, record.logLikelihoods, record.areGreedy),
})

interface PreparedItem {
  item: Item
  index: number
  /** Of the item alone, without its examples. */
  asked: { contexts: string[]; continuations: string[] }
  trees: PrefixTree[]
  isCut: boolean
}

/**
 * The items that are not done, several at a time. Examples are drawn for all, so that the draws do not depend on where
 * a session began.
 */
function* batches(
  items: readonly Item[],
  done: ReadonlyMap<number, unknown>,
  plan: ShotPlan,
  { tokenizer, engine }: EvaluateDeps,
): Generator<PreparedItem[]> {
  const { context } = engine.model.shape
  const shotsOf = createShots(plan)
  const encode = createRequestEncoder(tokenizer, context)
  let batch: PreparedItem[] = []
  let tokens = 0
  for (const [index, item] of items.entries()) {
    const shots = shotsOf(item)
    if (done.has(index)) continue
    const encoded =
      item.kind === 'text' ? encodeWindows(tokenizer, item.text, context) : scoreRequests(item, shots).map(encode)
    for (const request of encoded) checkRequest(request, item, engine)
    if (encoded.length === 0) throw new Fault('bad-input', `${item.where}: there is no text.`)
    const trees = item.kind === 'text' ? encoded.map((one) => prefixTreeOf([one])) : [prefixTreeOf(encoded)]
    const asked = askedOf(item)
    const cost = trees.reduce((sum, tree) => sum + costOf(tree), 0)
    if (batch.length > 0 && tokens + cost > batchTokens) {
      yield batch
      batch = []
      tokens = 0
    }
    batch.push({ item, index, asked, trees, isCut: encoded.some(({ isCut }) => isCut) })
    tokens += cost
  }
  if (batch.length > 0) yield batch
}

/** Of a text its beginning: whole books would be sent and kept. */
const shownCharacters = 2000

function askedOf(item: Item): PreparedItem['asked'] {
  if (item.kind === 'text')
    return {
      contexts: [''],
      continuations: [item.text.length > shownCharacters ? `${item.text.slice(0, shownCharacters)}…` : item.text],
    }
  const [{ context, continuation }] = scoreRequests(item, [])
  return {
    contexts: item.kind === 'contexts' ? item.contexts : [context],
    continuations: item.kind === 'choices' ? item.choices : [continuation],
  }
}

function checkRequest({ tokens, scored }: EncodedRequest, { where }: Item, { model }: EvaluateDeps['engine']): void {
  const { context, vocabulary } = model.shape
  if (scored === 0) throw new Fault('bad-input', `${where}: a continuation is empty, so there is nothing to score.`)
  if (scored > context)
    throw new Fault(
      'too-large',
      `${where}: a continuation has ${scored} tokens, and the model reads no more than ${context}.`,
    )
  const outside = tokens.find((id) => id >= vocabulary)
  if (outside !== undefined)
    throw new Fault(
      'bad-input',
      `${where}: token ${outside} is outside the model's vocabulary of ${vocabulary}. Is this the model's own tokenizer?`,
    )
}

/** Tokens that are computed. */
const costOf = ({ prefix, suffixes }: PrefixTree): number =>
  prefix.length + suffixes.reduce((sum, { inputs }) => sum + inputs.length, 0)

/** Scores in calls of about `batchTokens`: a long text has many windows. */
async function scoreInCalls(
  trees: readonly PrefixTree[],
  engine: EvaluateDeps['engine'],
  signal: AbortSignal | undefined,
): Promise<TokenScore[][][]> {
  const scores: TokenScore[][][] = []
  for (let from = 0; from < trees.length;) {
    if (signal?.aborted) throw new Fault('cancelled', 'The evaluation was cancelled.')
    let [to, tokens] = [from + 1, costOf(trees[from])]
    while (to < trees.length && tokens + costOf(trees[to]) <= batchTokens) tokens += costOf(trees[to++])
    for (const own of await engine.scorePrefixTrees(trees.slice(from, to))) scores.push(own)
    from = to
  }
  return scores
}

async function scoreBatch(
  task: TaskRecord,
  batch: readonly PreparedItem[],
  engine: EvaluateDeps['engine'],
  signal: AbortSignal | undefined,
): Promise<ItemRecord[]> {
  const scores = await scoreInCalls(
    batch.flatMap(({ trees }) => trees),
    engine,
    signal,
  )
  let at = 0
  return batch.map(({ item, index, asked, trees, isCut }) => {
    const own = scores.slice(at, (at += trees.length))
    const suffixes = trees.flatMap((tree, b) =>
      tree.suffixes.map(({ targets }, e) => answerOf(own[b][e], targets, item)),
    )
    // The windows of a text are one answer together.
    const answers =
      item.kind === 'text'
        ? [{ nats: sumOf(suffixes.map(({ nats }) => nats)), isGreedy: suffixes.every(({ isGreedy }) => isGreedy) }]
        : suffixes
    const logLikelihoods = answers.map(({ nats }) => nats)
    const areGreedy = answers.map(({ isGreedy }) => isGreedy)
    const gold = item.kind === 'choices' || item.kind === 'contexts' ? item.gold : null
    return {
      kind: 'item',
      task: task.name,
      index,
      ...asked,
      gold,
      logLikelihoods,
      areGreedy,
      ...(isCut ? { isCut } : {}),
      ...scoreItem(item, logLikelihoods, areGreedy),
    }
  })
}

function answerOf(
  scores: readonly TokenScore[],
  targets: Int32Array,
  { where }: Item,
): { nats: number; isGreedy: boolean } {
  const asked = scores.filter((_, i) => targets[i] >= 0)
  const nats = sumOf(asked.map(({ logProbability }) => logProbability))
  if (!Number.isFinite(nats))
    throw new Fault('diverged', `${where}: the model gives a likelihood of ${nats}. Its weights are of no use.`)
  return { nats, isGreedy: asked.every(({ isGreedy }) => isGreedy) }
}

function sumOf(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
