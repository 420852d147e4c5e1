// The lab as the command line uses it: opened for one command, and always closed.
import { Fault } from '#shared/fault.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import type { LabNews, NewsKind } from '#shared/lab.ts'
import type { TokenizerChoice } from '#shared/tokenizer/choice.ts'
import { endsByItself } from '#shared/task-state.ts'
import type { LabHost } from '#main/lab/lab.ts'
import type { CommandContext } from './program.ts'

/** Opens the lab in the context's home, lets `use` work with it, and closes it whatever happens. */
export async function withLab<T>(context: CommandContext, use: (lab: LabHost) => Promise<T>): Promise<T> {
  return closing(await openLab(context), use)
}

/** For commands that only look: where the lab cannot be had, it is read beside whoever has it. */
export async function readLab<T>(context: CommandContext, use: (lab: LabHost) => Promise<T>): Promise<T> {
  const lab = await openLab(context).catch((reason: unknown) =>
    openLab(context, true).catch(() => {
      throw reason // what stood in the way first is what a person can mend
    }),
  )
  return closing(lab, use)
}

async function openLab({ home, parts, version }: CommandContext, isReadOnly = false): Promise<LabHost> {
  // Loaded here, because half of the commands need no lab.
  const { createLab } = await import('#main/lab/lab.ts')
  const { forkNodeWorker } = await import('#main/platform/processes/node.ts')
  const fork = forkNodeWorker(parts.worker)
  return createLab({
    home,
    resources: parts.resources,
    version,
    door: 'web',
    fork,
    isReadOnly,
    mayAsk: process.stdin.isTTY === true,
  })
}

async function closing<T>(lab: LabHost, use: (lab: LabHost) => Promise<T>): Promise<T> {
  try {
    return await use(lab)
  } finally {
    await lab.close()
  }
}

/**
 * What `work` gives, unless the signal aborts first: then `cancelled`, and closing the lab ends the work. For requests
 * that only answer; what goes on by itself is waited for by `waitFor`.
 */
export async function unlessInterrupted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let interrupt = () => {}
  const interrupted = new Promise<never>((_, reject) => {
    interrupt = () => reject(new Fault('cancelled', 'Interrupted.'))
    signal.addEventListener('abort', interrupt)
  })
  work.catch(() => undefined) // closing the lab refuses it, when nobody listens any more
  try {
    if (signal.aborted) interrupt()
    return await Promise.race([work, interrupted])
  } finally {
    signal.removeEventListener('abort', interrupt)
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
    if (!corpus)
      throw new Fault(
        'not-found',
        'The study’s text is not in this lab. Where it was deleted, `isoflop trash` lists it and restores it; else give the study another text in the window.',
      )
    if (corpus.state === 'finished') return corpus
    if (!endsByItself(corpus))
      throw new Fault(corpus.code ?? 'failed', corpus.message ?? `The corpus ${corpus.name} could not be read.`)
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
    if (found && !endsByItself(found))
      throw new Fault(found.code ?? 'failed', found.message ?? `The tokens of ${corpus.name} could not be made.`)
    terminal.progress(
      `Making tokens of ${corpus.name}${found?.progress ? `: ${Math.floor(100 * found.progress)} %` : ''}`,
    )
    return undefined
  })
}

export const isSameTokenizer = (a: TokenizerChoice, b: TokenizerChoice): boolean =>
  a.kind === b.kind && (a.kind !== 'bpe' || b.kind !== 'bpe' || a.vocabulary === b.vocabulary)
