// Carries the lab's news to one window: records are gathered a moment and sent as one message a run, everything else
// goes at once.
import type { RunRecords } from '#shared/run.ts'
import type { LabNews, NewsKind } from '#shared/lab.ts'
import { newsKinds } from '#shared/lab-names.ts'

export type SendNews = <K extends NewsKind>(kind: K, value: LabNews[K]) => void

export interface NewsSource {
  listen<K extends NewsKind>(kind: K, listener: (news: LabNews[K]) => void): () => void
}

export interface NewsFeedOptions {
  source: NewsSource
  send: SendNews
  /** How long records are gathered, ms. */
  gatherMs?: number
}

/** Starts carrying; the function returned stops it and forgets what was not sent yet. */
export function startNewsFeed({ source, send, gatherMs = 50 }: NewsFeedOptions): () => void {
  const waiting = new Map<string, RunRecords>()
  let timer: ReturnType<typeof setTimeout> | null = null

  const deliver = (): void => {
    if (timer) clearTimeout(timer)
    timer = null
    const bundles = [...waiting.values()]
    waiting.clear()
    for (const bundle of bundles) send('records', bundle)
  }

  const gather = (news: RunRecords): void => {
    const bundle = waiting.get(news.runId)
    if (bundle) {
      bundle.steps.push(...news.steps)
      bundle.validations.push(...news.validations)
      bundle.samples.push(...news.samples)
    } else {
      waiting.set(news.runId, {
        runId: news.runId,
        steps: [...news.steps],
        validations: [...news.validations],
        samples: [...news.samples],
      })
    }
    timer ??= setTimeout(deliver, gatherMs)
  }

  const stops = newsKinds.map((kind) =>
    kind === 'records'
      ? source.listen('records', gather)
      : source.listen(kind, (value) => {
          deliver() // A run is never said to be finished before its last records have arrived.
          send(kind, value)
        }),
  )

  return () => {
    for (const stop of stops) stop()
    if (timer) clearTimeout(timer)
    waiting.clear()
  }
}
