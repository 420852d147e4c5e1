// Answers GET and HEAD: the window's files to those who have a session, one plain page to those who have none.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mediaType, windowHeaders } from '#main/doors/common/content-policy.ts'
import type { WindowFiles } from '#main/platform/disk/window-files.ts'
import { askedFor, isOurHost, type Admission } from './admission.ts'

export interface PageDeps {
  admission: Admission
  files: WindowFiles
}

const noEntry = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Isoflop</title>
<h1>This link has been used, or the lab was started anew</h1>
<p>Each link opens one browser, once. Look at the terminal where Isoflop runs: press Enter there and it prints a fresh link.</p></html>
`

/** A page looked at ahead of time must not spend the token. */
const isAhead = ({ headers }: IncomingMessage): boolean =>
  [headers['sec-purpose'], headers.purpose].some((purpose) => String(purpose ?? '').includes('prefetch'))

/** Writes the whole answer. */
export async function pageAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  { admission, files }: PageDeps,
): Promise<void> {
  const say = (status: number, type: string, body: string | Buffer, more: Record<string, string> = {}): void => {
    const host = request.headers.host
    const sockets = isOurHost(host) ? [`ws://${host}`] : []
    response.writeHead(status, {
      ...windowHeaders(sockets),
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      ...more,
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  const plain = 'text/plain; charset=utf-8'
  if (!isOurHost(request.headers.host))
    return say(421, plain, "This address is not the lab's: open the link that it printed.\n")
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return say(405, plain, 'Only GET, HEAD and POST are understood.\n', { Allow: 'GET, HEAD, POST' })
  const { path, query } = askedFor(request.url)
  const more: Record<string, string> = {}
  const hasSession = admission.hasSession(request.headers)
  const token = path === '/' && request.method === 'GET' && !isAhead(request) ? query.get('token') : null
  const cookie = admission.redeem(token)
  if (cookie !== null) more['Set-Cookie'] = cookie
  // The page keeps the token of its link as its key: one that opened nothing must not take the place of one that did.
  else if (hasSession && token !== null) return say(303, plain, 'This link has been used.\n', { Location: '/' })
  else if (!hasSession && token !== null && admission.isGuessed())
    return say(429, plain, 'Too many wrong links were tried. Wait a minute.\n', { 'Retry-After': '60' })
  else if (!hasSession) return say(401, 'text/html; charset=utf-8', noEntry, { 'Cache-Control': 'no-store' })
  const bytes = await files.read(path)
  if (bytes === null) return say(404, plain, 'There is nothing here.\n')
  // Built files carry a hash in their names; the page that names them does not.
  more['Cache-Control'] = path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-store'
  say(200, mediaType(path === '/' ? 'index.html' : path), bytes, more)
}
