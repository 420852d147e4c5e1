// What the hub or the way to it refuses, as one sentence that says what to do.
import { Fault } from '#shared/fault.ts'
import { proxyFor } from './platform.ts'

export interface Wanted {
  kind: 'model' | 'dataset'
  repo: string
  revision: string
  endpoint: string
}

const elsewhere = { model: 'import it from a folder', dataset: 'use a local file' } as const

/** A failure of the client or of fetch as a Fault; a Fault and a bug pass through. */
export function hubFault(error: unknown, { kind, repo, revision, endpoint }: Wanted): unknown {
  if (error instanceof Fault) return error
  const host = new URL(endpoint).host
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  const words = error instanceof Error ? error.message : String(error)
  const fault = (code: Fault['code'], sentence: string) => new Fault(code, sentence, { cause: error, details: words })
  if (status === 401 || status === 403) {
    return fault(
      'not-found',
      `${host} gives nothing out under the name ${repo}: there is no such ${kind}, or it is private or gated, and then its terms must be accepted on its page and HF_TOKEN set.`,
    )
  }
  if (status === 404) {
    return /revision/i.test(words)
      ? fault('not-found', `The ${kind} ${repo} has no revision ${revision} on ${host}.`)
      : fault('not-found', `There is no ${kind} ${repo} on ${host}; check how its name is spelled.`)
  }
  if (status === 429)
    return fault('unavailable', `${host} was asked too often for now; try ${repo} again in some minutes.`)
  if (typeof status === 'number')
    return fault(
      'unavailable',
      `${host} answered ${status} when asked for ${repo}; try again later, or ${elsewhere[kind]}.`,
    )
  if (error instanceof SyntaxError)
    return fault(
      'unavailable',
      `${host} answered with something else than a list of files when asked for ${repo}: a page to sign in on this network, perhaps. Open a browser, then try again, or ${elsewhere[kind]}.`,
    )
  if (isNetworkFailure(error))
    return fault(
      'unavailable',
      `${host} cannot be reached${throughProxy(endpoint)}, so ${repo} was not fetched; check the network, or ${elsewhere[kind]}.`,
    )
  return error
}

function throughProxy(endpoint: string): string {
  const proxy = proxyFor(endpoint, process.env)
  return proxy === null ? '' : ` through the proxy ${new URL(proxy).host}`
}

/**
 * fetch throws a TypeError with the system's own error as cause, node-fetch an error with its code; a broken body comes
 * as that, or as its bare words.
 */
export function isNetworkFailure(error: unknown): boolean {
  if (typeof error === 'string') return /terminated|socket|closed?\b|network|fetch failed|timeout|aborted/i.test(error)
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException
    if (
      typeof code === 'string' &&
      /^(E(AI_AGAIN|CONN|NOTFOUND|HOST|NET|TIMEDOUT|PIPE|PROTO)|UND_ERR|ERR_SSL|ERR_STREAM_PREMATURE|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(
        code,
      )
    )
      return true
    if (at instanceof TypeError && /fetch failed|terminated/.test(at.message)) return true
  }
  return false
}
