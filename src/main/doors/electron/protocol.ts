// app://isoflop/: the built window under an origin of its own. Electron 25 and later by `handle`, older ones by
// buffers.
import { protocol } from 'electron'
import { mediaType, windowHeaders } from '#main/doors/common/content-policy.ts'
import type { WindowFiles } from '#main/platform/disk/window-files.ts'

export const windowOrigin = 'app://isoflop'

/** Before the app is ready, once. */
export function announceScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ])
}

interface Served {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** After the app is ready. */
export function serveWindow(files: WindowFiles): void {
  const answer = async (url: string): Promise<Served> => {
    const { host, pathname } = new URL(url)
    const bytes = host === 'isoflop' ? await files.read(pathname) : null
    const type = bytes ? mediaType(pathname === '/' ? 'index.html' : pathname) : 'text/plain; charset=utf-8'
    return {
      status: bytes ? 200 : 404,
      headers: { ...windowHeaders(), 'Content-Type': type },
      body: bytes ?? Buffer.from('There is nothing here.\n'),
    }
  }
  if (typeof protocol.handle === 'function') {
    protocol.handle('app', async (request) => {
      const { status, headers, body } = await answer(request.url)
      return new Response(new Uint8Array(body), { status, headers })
    })
  } else {
    protocol.registerBufferProtocol('app', (request, callback) => {
      answer(request.url).then(
        ({ status, headers, body }) =>
          callback({
            statusCode: status,
            headers,
            mimeType: headers['Content-Type'].split(';')[0],
            charset: 'utf-8',
            data: body,
          }),
        () => callback({ error: -2 }), // net::ERR_FAILED
      )
    })
  }
}
