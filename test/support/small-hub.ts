// A small server that plays the Hugging Face hub: lists the files of its repositories, gives them out, and counts what
// it was asked.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface SmallHub {
  endpoint: string
  /** Every address asked for, in order. */
  asked: string[]
  /** Called for each request first; true when it has answered. */
  intrude: ((request: IncomingMessage, response: ServerResponse) => boolean) | null
  close(): Promise<void>
}

export interface SmallRepository {
  /** By path; `isLarge` ones are listed with the SHA-256 of their content. */
  files: Record<string, { content: Uint8Array; isLarge?: boolean }>
  isGated?: boolean
  /** `main` unless told otherwise. */
  revision?: string
}

/** Repositories by `models/NAME` or `datasets/NAME`. */
export async function smallHub(repositories: Record<string, SmallRepository>): Promise<SmallHub> {
  const hub: SmallHub = { endpoint: '', asked: [], intrude: null, close: () => Promise.resolve() }
  const json = (response: ServerResponse, status: number, value: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  const server = createServer((request, response) => {
    const raw = request.url!.split('?')[0]
    const url = decodeURIComponent(raw)
    hub.asked.push(url)
    if (hub.intrude?.(request, response)) return
    const tree = /^\/api\/(models|datasets)\/(.+)\/tree\/([^/]+)$/.exec(raw)?.map(decodeURIComponent)
    if (tree) {
      const found = repositories[`${tree[1]}/${tree[2]}`]
      if (!found) return void json(response, 404, { error: 'Repository not found' })
      if (tree[3] !== (found.revision ?? 'main'))
        return void json(response, 404, { error: `Invalid rev id: ${tree[3]}, no such revision` })
      return void json(
        response,
        200,
        Object.entries(found.files).map(([path, { content, isLarge }]) => ({
          type: 'file',
          path,
          size: content.length,
          oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
          ...(isLarge
            ? {
                lfs: {
                  oid: createHash('sha256').update(content).digest('hex'),
                  size: content.length,
                  pointerSize: 130,
                },
              }
            : {}),
        })),
      )
    }
    const file = /^\/(datasets\/)?(.+)\/resolve\/([^/]+)\/(.+)$/
      .exec(raw)
      ?.map((part) => part && decodeURIComponent(part))
    const found = file && repositories[`${file[1] ?? 'models/'}${file[2]}`]
    if (found?.isGated) return void json(response, 401, { error: 'Access to this model is restricted.' })
    const content = found?.files[file![4]]?.content
    if (!content) return void json(response, 404, { error: 'Entry not found' })
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (!range) return void response.writeHead(200, { 'content-length': content.length }).end(content)
    const part = content.subarray(Number(range[1]), Number(range[2]) + 1)
    response
      .writeHead(206, {
        'content-length': part.length,
        'content-range': `bytes ${range[1]}-${range[2]}/${content.length}`,
      })
      .end(part)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  hub.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  hub.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return hub
}
