// The web door: the same window and the same lab for a browser on this machine, over HTTP and one WebSocket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { Fault } from '#shared/fault.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { openWindowFiles } from '#main/platform/disk/window-files.ts'
import { openInBrowser } from '#main/platform/processes/open-browser.ts'
import { askedFor, createAdmission, isOurHost, isOurOrigin } from './admission.ts'
import { pageAnswer } from './pages.ts'
import { carryLab, type SocketLimits } from './socket.ts'
import { takeUpload } from './upload.ts'

export interface WebDoorOptions {
  lab: LabHost
  /** Loopback only: `127.0.0.1` or `::1`. */
  host?: '127.0.0.1' | '::1'
  /** 0 for any free one. */
  port: number
  /** The built window: out/renderer. */
  rendererFolder: string
  /** Opens the system's browser on the link. */
  open?: boolean
  /** Largest request over the WebSocket and largest upload, bytes. */
  limits?: Partial<SocketLimits & { maxUploadBytes: number }>
}

export interface WebDoor {
  /** The link to open, with its one-time token. */
  url: string
  port: number
  /** A fresh link, for another browser; the one before it is void. */
  newUrl(): string
  close(): Promise<void>
}

const defaultLimits = {
  maxRequestBytes: 16 * 2 ** 20,
  maxWaiting: 64,
  maxBufferedBytes: 32 * 2 ** 20,
  maxUploadBytes: 64 * 2 ** 30,
}

/** Starts listening. Rejects with a Fault where the port is taken. */
export async function startWebDoor({
  lab,
  host = '127.0.0.1',
  port,
  rendererFolder,
  open = false,
  limits,
}: WebDoorOptions): Promise<WebDoor> {
  const { maxUploadBytes, ...socketLimits } = { ...defaultLimits, ...limits }
  const files = await openWindowFiles(rendererFolder)
  const { home } = await lab.about()
  const server = createServer({ maxHeaderSize: 16 * 1024 })
  server.headersTimeout = 10_000
  server.requestTimeout = 0 // A large upload takes its time; a slow header does not get it.
  await listening(server, host, port)
  const address = server.address() as AddressInfo
  const origin = `http://${host === '::1' ? '[::1]' : host}:${address.port}`
  const admission = createAdmission(`isoflop-${address.port}`)
  const newUrl = (): string => `${origin}/?token=${admission.newToken()}`

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const handled =
      request.method === 'POST'
        ? takeUpload(request, response, { admission, folder: join(home, 'uploads'), maxBytes: maxUploadBytes })
        : pageAnswer(request, response, { admission, files })
    handled.catch(() => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { Connection: 'close' }).end('The window could not be sent.\n')
    })
  })

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: socketLimits.maxRequestBytes,
    perMessageDeflate: false,
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refuse = (status: string): void =>
      void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    if (!isOurHost(request.headers.host)) return refuse('421 Misdirected Request')
    if (!isOurOrigin(request.headers)) return refuse('403 Forbidden')
    if (askedFor(request.url).path !== '/lab') return refuse('404 Not Found')
    if (!admission.hasSession(request.headers)) return refuse('401 Unauthorized')
    sockets.handleUpgrade(request, socket, head, (connected) => carryLab(connected, lab, socketLimits))
  })

  const url = newUrl()
  if (open) openInBrowser(url)
  return {
    url,
    port: address.port,
    newUrl,
    async close() {
      for (const client of sockets.clients) client.close(1001, 'The lab is closing.')
      const closed = new Promise<void>((done) => server.close(() => done()))
      setTimeout(() => {
        for (const client of sockets.clients) client.terminate()
        server.closeAllConnections?.() // since Node 18.2
      }, 500).unref()
      await closed
    },
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new Fault(
            'conflict',
            `Port ${port} of ${host} is taken. Choose another with --port, or 0 for any free one.`,
            { cause: error },
          ),
        )
      else if (error.code === 'EACCES')
        reject(
          new Fault('bad-input', `Port ${port} may not be used by this account. Choose one above 1023 with --port.`, {
            cause: error,
          }),
        )
      else reject(error)
    })
    server.listen(port, host, () => resolve())
  })
}
