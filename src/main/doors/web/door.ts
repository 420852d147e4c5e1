// The web door: the same window and the same lab for a browser on this machine, over HTTP and one WebSocket.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { webBounds } from '#shared/bounds.ts'
import { webKeyProtocol, webProtocol } from '#shared/channels.ts'
import { Fault } from '#shared/fault.ts'
import { createTrustedPaths } from '#main/doors/common/trusted-paths.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { removePrivatePage, writePrivatePage } from '#main/platform/disk/private-page.ts'
import { openWindowFiles } from '#main/platform/disk/window-files.ts'
import { openInBrowser } from '#main/platform/processes/open-browser.ts'
import { askedFor, createAdmission, isOurHost, isOurOrigin } from './admission.ts'
import { pageAnswer } from './pages.ts'
import { carryLab } from './socket.ts'
import { uploadTaker } from './upload.ts'

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
  /**
   * Asks the person about paths that a page names by itself, outside of the page. Without it whoever opened the link is
   * trusted with every path that this account can read.
   */
  agree?: (paths: readonly string[]) => Promise<boolean>
  limits?: Partial<typeof webBounds>
  nowMs?: () => number
}

export interface WebDoor {
  /** The link to open, with its one-time token. */
  url: string
  port: number
  /** A fresh link, for another browser; the one before it is void. */
  newUrl(): string
  close(): Promise<void>
}

/** Starts listening. Rejects with a Fault where the port is taken. */
export async function startWebDoor({
  lab,
  host = '127.0.0.1',
  port,
  rendererFolder,
  open = false,
  agree,
  limits: given,
  nowMs = Date.now,
}: WebDoorOptions): Promise<WebDoor> {
  const limits = { ...webBounds, ...given }
  const files = await openWindowFiles(rendererFolder)
  const { home, exportsFolder } = await lab.about()
  const uploads = join(home, 'uploads')
  const paths = agree && createTrustedPaths({ lab, trusted: [exportsFolder, uploads], agree })
  const server = createServer({ maxHeaderSize: 16 * 1024, connectionsCheckingInterval: 5000 })
  server.headersTimeout = 10_000
  server.requestTimeout = 0 // A large upload takes its time; a slow header or a silent sender does not get it.
  server.timeout = limits.idleMs
  server.maxConnections = limits.maxConnections
  const strangers = watchStrangers(server, limits.maxStrangers)
  await listening(server, host, port)
  const address = server.address() as AddressInfo
  const origin = `http://${host === '::1' ? '[::1]' : host}:${address.port}`
  const page = join(home, 'open.html')
  const forgetPage = (): void => void removePrivatePage(page).catch(() => {})
  const admission = createAdmission({ name: `isoflop-${address.port}`, nowMs, noteSpent: forgetPage })
  const newUrl = (): string => `${origin}/?token=${admission.newToken()}`

  const takeUpload = uploadTaker({ admission, folder: uploads, limits })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (admission.hasSession(request.headers)) strangers.delete(request.socket)
    const handled =
      request.method === 'POST' ? takeUpload(request, response) : pageAnswer(request, response, { admission, files })
    handled.catch(() => {
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { Connection: 'close' }).end('The window could not be sent.\n')
    })
  })

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxRequestBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(webProtocol) && webProtocol,
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const refuse = (status: string): void =>
      void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    if (!isOurHost(request.headers.host)) return refuse('421 Misdirected Request')
    if (!isOurOrigin(request.headers)) return refuse('403 Forbidden')
    if (askedFor(request.url).path !== '/lab') return refuse('404 Not Found')
    const session = admission.enter(request.headers, keyOf(request))
    if (!session) return refuse('401 Unauthorized')
    if (session.sockets >= limits.maxSocketsOfSession) return refuse('429 Too Many Requests')
    strangers.delete(request.socket)
    sockets.handleUpgrade(request, socket, head, (connected) => {
      session.noteOpened()
      connected.once('close', () => session.noteClosed())
      carryLab(connected, { lab, paths, all: sockets.clients, limits })
    })
  })

  const url = newUrl()
  if (open) {
    // Where it cannot be written the link is there to be typed.
    await writePrivatePage(page, url).then(
      () => openInBrowser(page),
      () => {},
    )
  }
  return {
    url,
    port: address.port,
    newUrl,
    async close() {
      if (open) forgetPage()
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

/** The page's key, offered as a protocol: a WebSocket lets a page set no header. */
function keyOf({ headers }: IncomingMessage): string | null {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
  return offered.find((protocol) => protocol.startsWith(webKeyProtocol))?.slice(webKeyProtocol.length) ?? null
}

/** The connections that have shown no session, oldest first, no more than `most`. */
function watchStrangers(server: Server, most: number): Set<Socket> {
  const strangers = new Set<Socket>()
  server.on('connection', (socket) => {
    strangers.add(socket)
    socket.once('close', () => strangers.delete(socket))
    if (strangers.size <= most) return
    for (const oldest of strangers) return void oldest.destroy()
  })
  return strangers
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
