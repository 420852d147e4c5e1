// POST /upload?name=...: a file from the browser onto the lab's machine. Answers a Reply with the path where it lies.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { toFaultData, type FaultData, type Reply } from '#shared/fault.ts'
import type { webBounds } from '#shared/bounds.ts'
import { webKeyHeader } from '#shared/channels.ts'
import { windowHeaders } from '#main/doors/common/content-policy.ts'
import { receiveUpload } from '#main/platform/disk/uploads.ts'
import { askedFor, isOurHost, isOurOrigin, type Admission } from './admission.ts'

export interface UploadDeps {
  admission: Admission
  folder: string
  limits: Pick<typeof webBounds, 'maxUploads' | 'maxUploadBytes'>
}

/** What answers an upload, whole. A refusal closes the connection, so that nobody goes on sending. */
export function uploadTaker(deps: UploadDeps): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let underWay = 0
  return async (request, response) => {
    underWay++
    await takeUpload(request, response, deps, underWay).finally(() => underWay--)
  }
}

async function takeUpload(
  request: IncomingMessage,
  response: ServerResponse,
  { admission, folder, limits }: UploadDeps,
  underWay: number,
): Promise<void> {
  const say = (status: number, reply: Reply<string>): void => {
    const body = JSON.stringify(reply)
    response.writeHead(status, {
      ...windowHeaders(),
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      ...(reply.ok ? {} : { Connection: 'close' }),
    })
    response.end(body, () => {
      if (!reply.ok && !request.complete) request.destroy()
    })
  }
  const refuse = (status: number, code: FaultData['code'], message: string): void =>
    say(status, { ok: false, code, message })

  const maxBytes = limits.maxUploadBytes
  const { path, query } = askedFor(request.url)
  if (!isOurHost(request.headers.host))
    return refuse(421, 'bad-input', "This address is not the lab's: open the link that it printed.")
  if (!isOurOrigin(request.headers)) return refuse(403, 'bad-input', "Files are taken from the lab's own window alone.")
  const key = request.headers[webKeyHeader]
  if (!admission.enter(request.headers, typeof key === 'string' ? key : null))
    return refuse(401, 'bad-input', 'This browser has no session here: open the link that the lab printed.')
  if (path !== '/upload') return refuse(404, 'not-found', 'There is nothing here.')
  if (underWay > limits.maxUploads)
    return refuse(429, 'conflict', `${limits.maxUploads} files are being sent already. Wait for one to end.`)
  const name = query.get('name')
  if (!name) return refuse(400, 'bad-input', 'The upload says no name.')
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
    return refuse(
      413,
      'too-large',
      `${name} is larger than ${maxBytes} bytes, the most this door takes. Add it by its path instead.`,
    )
  }
  try {
    say(200, { ok: true, value: await receiveUpload({ folder, id: randomUUID(), name, body: request, maxBytes }) })
  } catch (error) {
    if (request.destroyed && !request.complete) return // The browser went away; what it sent is gone already.
    const fault = toFaultData(error)
    say(fault.code === 'too-large' ? 413 : 500, { ok: false, ...fault })
  }
}
