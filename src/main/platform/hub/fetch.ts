// Models and data sets from the Hugging Face hub by its own client, kept in a folder so that a second call asks nobody.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { makeFolder, writeFileAtomically } from '#main/platform/disk/files.ts'
import { hubFault, isNetworkFailure, type Wanted } from './hub-faults.ts'
import { checkHubPath, contentOf, type HubFile, isHere, type Listing, readListing, writeListing } from './listing.ts'
import { type Fetch, fetchHere, loadClient } from './platform.ts'

export interface HubRequest {
  kind: 'model' | 'dataset'
  /** `cerebras/Cerebras-GPT-111M`, `gpt2`, or the address of its page. */
  repo: string
  /** A branch, tag or commit; `main` unless told otherwise. */
  revision?: string
  wanted: (path: string) => boolean
  /** Everything fetched lies below it, one folder for each repository and revision. */
  cacheFolder: string
  /** Else HF_ENDPOINT of the environment, else huggingface.co. */
  endpoint?: string
}

export interface HubProgress {
  file: string
  /** Of all files of the call together. */
  doneBytes: number
  totalBytes: number
}

const tellEveryMs = 200
/** A connection that breaks in the middle of a file is taken up again where it broke, this often. */
const mostRetries = 4

/**
 * Fetches the wanted files of a repository that are not here yet and gives their folder. Every file is compared with
 * the hub's checksum and
 * takes its name only when it is whole. Faults: `not-found`, `unavailable` (no network), `damaged` (checksum),
 * `cancelled`.
 */
export async function* fetchFromHub(request: HubRequest, signal: AbortSignal): AsyncGenerator<HubProgress, string> {
  const where = placeOf(request)
  const folder = join(
    request.cacheFolder,
    `${where.kind}s--${where.repo.replace('/', '--')}`,
    where.revision.replace(/[^\w.-]/g, '_'),
  )
  try {
    const known = await readListing(folder)
    if (known && (await missingOf(folder, known, request.wanted)).length === 0) return folder
    const listing = await askListing(where, known, signal)
    const missing = await missingOf(folder, listing, request.wanted)
    await makeFolder(folder)
    const totalBytes = missing.reduce((sum, { bytes }) => sum + bytes, 0)
    let doneBytes = 0
    for (const file of missing) {
      for await (const bytes of fetchFile(where, file, join(folder, file.path), signal))
        yield { file: file.path, doneBytes: doneBytes + bytes, totalBytes }
      doneBytes += file.bytes
      listing.fetched[file.path] = contentOf(file)
      await writeListing(folder, listing)
    }
    await writeListing(folder, listing)
    return folder
  } catch (error) {
    if (signal.aborted) throw new Fault('cancelled', `Fetching ${where.repo} was cancelled.`, { cause: error })
    throw hubFault(error, where)
  }
}

function placeOf({
  kind,
  repo,
  revision = 'main',
  endpoint = process.env.HF_ENDPOINT || 'https://huggingface.co',
}: HubRequest): Wanted {
  const base = endpoint.replace(/\/+$/, '')
  const name = repo
    .trim()
    .replace(/^https?:\/\/[^/]+\//, '')
    .replace(/^datasets\//, '')
    .replace(/\/+$/, '')
  if (!/^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(name))
    throw new Fault(
      'bad-input',
      `repo: ${JSON.stringify(repo)} is no name on the hub; one looks like cerebras/Cerebras-GPT-111M or gpt2.`,
    )
  if (!/^[\w][\w./-]*$/.test(revision) || revision.includes('..'))
    throw new Fault('bad-input', `revision: ${JSON.stringify(revision)} is no branch, tag or commit.`)
  if (!/^https?:\/\//.test(base))
    throw new Fault('bad-input', `HF_ENDPOINT: ${JSON.stringify(endpoint)} is no address; one begins with https://.`)
  return { kind, repo: name, revision, endpoint: base }
}

async function missingOf(folder: string, listing: Listing, wanted: (path: string) => boolean): Promise<HubFile[]> {
  const files = listing.files.filter(({ path }) => wanted(path))
  if (files.length === 0)
    throw new Fault(
      'not-found',
      `${listing.repo} holds none of the files that are needed; it has ${someOf(listing.files)}.`,
    )
  const missing: HubFile[] = []
  for (const file of files) if (!(await isHere(folder, listing, file))) missing.push(file)
  return missing
}

const someOf = (files: readonly HubFile[]): string =>
  files.length === 0
    ? 'no files at all'
    : files
        .slice(0, 5)
        .map(({ path }) => path)
        .join(', ') + (files.length > 5 ? ` and ${files.length - 5} more` : '')

/** What every request carries: the way to stop it, and the person's own token where they set one. */
async function clientOptions(
  { endpoint }: Wanted,
  signal: AbortSignal,
): Promise<{ hubUrl: string; fetch: Fetch; accessToken?: string }> {
  const fetch = await fetchHere(endpoint)
  const token = process.env.HF_TOKEN
  return {
    hubUrl: endpoint,
    fetch: ((url, init) => fetch(url, { ...init, signal })) as Fetch,
    ...(token ? { accessToken: token } : {}),
  }
}

async function askListing(where: Wanted, known: Listing | null, signal: AbortSignal): Promise<Listing> {
  const { listFiles } = await loadClient()
  const files: HubFile[] = []
  for await (const entry of listFiles({
    repo: { type: where.kind, name: where.repo },
    recursive: true,
    revision: encodeURIComponent(where.revision),
    ...(await clientOptions(where, signal)),
  })) {
    if (entry.type !== 'file') continue
    files.push({
      path: checkHubPath(entry.path, where.repo),
      bytes: entry.lfs?.size ?? entry.size,
      sha256: entry.lfs?.oid ?? null,
      gitSha1: entry.lfs ? null : (entry.oid ?? null),
    })
  }
  return {
    format: 'isoflop-hub',
    version: 1,
    repo: where.repo,
    revision: where.revision,
    files,
    fetched: known?.fetched ?? {},
  }
}

/** Yields the bytes of the file that have arrived. */
async function* fetchFile(where: Wanted, file: HubFile, path: string, signal: AbortSignal): AsyncGenerator<number> {
  const leaving = new AbortController()
  const leave = () => leaving.abort()
  signal.addEventListener('abort', leave, { once: true })
  let arrived = 0
  let told = 0
  const writing = writeFileAtomically(
    path,
    watched(piecesOf(where, file, leaving.signal), file, where, (bytes) => (arrived = bytes)),
  )
  let isDone = false
  const ended = writing.finally(() => (isDone = true))
  ended.catch(() => undefined) // awaited below
  try {
    while (!isDone) {
      await Promise.race([
        ended.catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, tellEveryMs).unref()),
      ])
      if (arrived !== told) yield (told = arrived)
    }
    await ended
    if (told !== file.bytes) yield file.bytes
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
    await ended.catch(() => undefined)
  }
}

async function* piecesOf(where: Wanted, file: HubFile, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { downloadFile } = await loadClient()
  const options = await clientOptions(where, signal)
  let refusal: unknown = null // the client's stream tells of a failure in words alone
  const fetch = (async (url, init) => {
    try {
      const answer = await options.fetch(url, init)
      refusal = answer.ok ? null : Object.assign(new Error(await answer.clone().text()), { statusCode: answer.status })
      return answer
    } catch (error) {
      refusal = error
      throw error
    }
  }) as Fetch
  const address = `${where.endpoint}/${where.kind === 'dataset' ? 'datasets/' : ''}${where.repo}/resolve/${encodeURIComponent(where.revision)}/${file.path.split('/').map(encodeURIComponent).join('/')}`
  const blob = await downloadFile({
    ...options,
    fetch,
    repo: { type: where.kind, name: where.repo },
    path: file.path,
    revision: where.revision,
    xet: false,
    downloadInfo: { size: file.bytes, etag: contentOf(file), url: address }, // the listing has said so already
  })
  let done = 0
  let lost: unknown = null
  for (let retries = 0; blob && done < file.bytes;) {
    const before = done
    try {
      for await (const piece of blob.slice(done).stream() as unknown as AsyncIterable<Uint8Array>) {
        done += piece.byteLength
        yield piece
      }
      lost = null
    } catch (error) {
      if (signal.aborted || !isNetworkFailure(refusal ?? error)) throw refusal ?? error
      lost = refusal ?? error
    }
    if (done >= file.bytes) return
    if ((lost !== null && before === 0 && done === 0) || retries++ >= mostRetries)
      throw lost ?? shortFault(where, file, done)
    await new Promise((resolve) => setTimeout(resolve, 300 * retries))
  }
}

const shortFault = ({ repo }: Wanted, { path, bytes }: HubFile, done: number) =>
  new Fault(
    'damaged',
    `${path} of ${repo} broke off after ${done} of ${bytes} bytes; nothing of it was kept, try again.`,
  )

/** Passes the pieces on, and refuses the file where its size or checksum is not the hub's. */
async function* watched(
  pieces: AsyncIterable<Uint8Array>,
  file: HubFile,
  { repo }: Wanted,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const hash = file.sha256
    ? createHash('sha256')
    : file.gitSha1
      ? createHash('sha1').update(`blob ${file.bytes}\0`)
      : null
  let bytes = 0
  for await (const piece of pieces) {
    hash?.update(piece)
    bytes += piece.byteLength
    if (bytes > file.bytes) break
    yield piece
    onBytes(bytes)
  }
  const found = hash?.digest('hex')
  const expected = file.sha256 ?? file.gitSha1 ?? undefined
  if (bytes === file.bytes && found === expected) return
  const what =
    bytes === file.bytes
      ? 'does not have the content that the hub lists'
      : `has ${bytes > file.bytes ? 'more than' : `${bytes} of`} ${file.bytes} bytes`
  throw new Fault(
    'damaged',
    `${file.path} of ${repo} arrived damaged: it ${what}; nothing of it was kept, try again.`,
    { details: `expected ${expected}, found ${found}` },
  )
}
