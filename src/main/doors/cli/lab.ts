// The lab as the command line uses it: opened for one command, and always closed.
import { Fault } from '#shared/fault.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import type { LabNews, NewsKind } from '#shared/lab.ts'
import type { RunSummary } from '#shared/run.ts'
import type { Study } from '#shared/study.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { isUnderWay } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { CommandContext } from './program.ts'

/** Opens the lab in the context's home, lets `use` work with it, and closes it whatever happens. */
export async function withLab<T>(
  { home, parts, version }: CommandContext,
  use: (lab: LabHost) => Promise<T>,
): Promise<T> {
  // Loaded here, because half of the commands need no lab.
  const { createLab } = await import('#main/lab/lab.ts')
  const { forkNodeWorker } = await import('#main/platform/processes/node.ts')
  const lab = await createLab({
    home,
    resources: parts.resources,
    version,
    door: 'web',
    fork: forkNodeWorker(parts.worker),
  })
  try {
    return await use(lab)
  } finally {
    await lab.close()
  }
}

/**
 * Waits until `check` gives something other than undefined: asked at once, at every news of the kind, and every second
 * in case one was lost.
 * Rejects with `cancelled` when the signal aborts.
 */
export function waitFor<K extends NewsKind, T>(
  lab: LabHost,
  kind: K,
  signal: AbortSignal,
  check: (news: LabNews[K] | null) => Promise<T | undefined>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const ask = (news: LabNews[K] | null) => {
      check(news).then(
        (value) => {
          if (value !== undefined) end(() => resolve(value))
        },
        (error) => end(() => reject(error)),
      )
    }
    const end = (settle: () => void) => {
      clearInterval(timer)
      stopListening()
      signal.removeEventListener('abort', cancel)
      settle()
    }
    const cancel = () => end(() => reject(new Fault('cancelled', 'Interrupted.')))
    const timer = setInterval(() => ask(null), 1000)
    const stopListening = lab.listen(kind, ask)
    signal.addEventListener('abort', cancel)
    if (signal.aborted) cancel()
    else ask(null)
  })
}

/** The corpus once it is ready; a failed one is a Fault with its own words. */
export function corpusReady(lab: LabHost, corpusId: string, { terminal, signal }: CommandContext): Promise<Corpus> {
  return waitFor(lab, 'corpus', signal, async () => {
    const corpus = (await lab.listCorpora()).find(({ id }) => id === corpusId)
    if (!corpus) throw new Fault('not-found', 'The corpus was deleted meanwhile.')
    if (corpus.state === 'finished') return corpus
    if (!isUnderWay(corpus)) throw new Fault('failed', corpus.message ?? `The corpus ${corpus.name} could not be read.`)
    const { progress } = corpus
    terminal.progress(
      `Reading ${corpus.name}${progress && progress.totalBytes > 0 ? `: ${Math.floor((100 * progress.doneBytes) / progress.totalBytes)} %` : ''}`,
    )
    return undefined
  })
}

/** The corpus's tokens once they are there. */
export async function tokensReady(
  lab: LabHost,
  corpus: Corpus,
  tokenizer: TokenizerChoice,
  { terminal, signal }: CommandContext,
): Promise<TokenizedCorpus> {
  await lab.tokenizeCorpus(corpus.id, tokenizer)
  return waitFor(lab, 'tokenized', signal, async () => {
    const found = (await lab.listTokenized()).find(
      (one) => one.corpusId === corpus.id && isSameTokenizer(one.tokenizer, tokenizer),
    )
    if (found?.state === 'finished') return found
    if (found?.state === 'failed')
      throw new Fault('failed', found.message ?? `The tokens of ${corpus.name} could not be made.`)
    terminal.progress(
      `Making tokens of ${corpus.name}${found?.progress ? `: ${Math.floor(100 * found.progress)} %` : ''}`,
    )
    return undefined
  })
}

const isSameTokenizer = (a: TokenizerChoice, b: TokenizerChoice): boolean =>
  a.kind === b.kind && (a.kind !== 'bpe' || b.kind !== 'bpe' || a.vocabulary === b.vocabulary)

/** A study by its id, its name, or the beginning of either where only one begins so. */
export async function findStudy(lab: LabHost, wanted: string): Promise<Study> {
  return pick(await lab.listStudies(), wanted, 'study', ({ id, name }) => [id, name], 'isoflop studies')
}

/**
 * A run by its id, its name, the beginning of either where only one begins so, or `last`: of those made last the
 * largest.
 */
export async function findRun(lab: LabHost, wanted: string): Promise<RunSummary> {
  const runs = await lab.listRuns(null)
  const newest = [...runs].sort((a, b) => b.createdMs - a.createdMs || b.parameters - a.parameters)[0]
  if (wanted === 'last' && newest) return newest
  return pick(runs, wanted, 'run', ({ id, name }) => [id, name], 'isoflop runs')
}

export function pick<T>(
  things: readonly T[],
  wanted: string,
  noun: string,
  namesOf: (thing: T) => string[],
  lister: string,
): T {
  const exact = things.filter((thing) => namesOf(thing).includes(wanted))
  const found =
    exact.length > 0 ? exact : things.filter((thing) => namesOf(thing).some((name) => name.startsWith(wanted)))
  if (found.length === 1) return found[0]
  if (found.length === 0)
    throw new Fault('not-found', `There is no ${noun} called "${wanted}". \`${lister}\` lists them.`)
  throw new Fault(
    'bad-input',
    `"${wanted}" could mean ${found.length} of the ${noun === 'study' ? 'studies' : `${noun}s`}: ${found
      .map((thing) => namesOf(thing).join(' '))
      .slice(0, 5)
      .join(', ')}. Give its id.`,
  )
}
