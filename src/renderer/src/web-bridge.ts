// The lab over a WebSocket: what a browser has in place of preload. Comes back by itself when the line is cut.
import { webKeyHeader, webKeyProtocol, webProtocol } from '#shared/channels.ts'
import { Fault, fromReply, type Reply } from '#shared/fault.ts'
import type { LabNews, NewsKind } from '#shared/lab.ts'
import type { DroppedFile, LabBridge } from '#shared/lab-bridge.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

type FromLab = { id: number; reply: Reply } | { news: NewsKind; value: never }

const firstDelayMs = 300
const longestDelayMs = 4000

/**
 * Talks to the web door that served the page. The session cookie of its one-time link admits it together with the token
 * of that link, which this origin keeps to itself: cookies are shown to every port of a machine.
 */
export function createWebBridge(page: URL): LabBridge {
  const address = new URL('/lab', page)
  address.protocol = page.protocol === 'https:' ? 'wss:' : 'ws:'
  const token = page.searchParams.get('token')
  if (token !== null) {
    localStorage.setItem(keyName, token)
    // It does not belong in the address bar.
    history.replaceState(null, '', page.pathname + page.hash)
  }
  return connect(() => new WebSocket(address, [webProtocol, webKeyProtocol + key()]), upload)
}

const keyName = 'isoflop-key'

/** Looked up every time: a fresh link that was opened in another tab brings a fresh one. */
const key = (): string => localStorage.getItem(keyName) ?? 'none'

/** The protocol itself, over any socket: `{ id, name, args }` out, `{ id, reply }` and `{ news, value }` in. */
export function connect(
  open: () => WebSocket,
  uploadFile: (file: DroppedFile, progress: (doneBytes: number) => void) => Promise<string>,
): LabBridge {
  const waiting = new Map<number, Waiting>()
  const listeners = new Map<NewsKind, Set<(news: never) => void>>()
  const watchers = new Set<(isConnected: boolean) => void>()
  let unsent: string[] = []
  let socket: WebSocket | null = null
  let lastId = 0
  let delayMs = firstDelayMs

  const start = () => {
    const made = open()
    socket = made
    made.onopen = () => {
      delayMs = firstDelayMs
      for (const message of unsent) made.send(message)
      unsent = []
      for (const watch of watchers) watch(true)
    }
    made.onmessage = (event) => receive(JSON.parse(String(event.data)) as FromLab)
    made.onclose = () => {
      if (socket !== made) return
      socket = null
      for (const watch of watchers) watch(false)
      // What was asked may or may not have been done: it is not asked again, the person is told.
      const lost = new Fault(
        'unavailable',
        'The lab went away before it answered. The window goes on as soon as it is back.',
      )
      for (const one of waiting.values()) one.reject(lost)
      waiting.clear()
      unsent = []
      setTimeout(start, delayMs)
      delayMs = Math.min(longestDelayMs, delayMs * 2)
    }
  }

  const receive = (message: FromLab) => {
    if ('news' in message) {
      for (const listener of listeners.get(message.news) ?? []) listener(message.value)
      return
    }
    const one = waiting.get(message.id)
    waiting.delete(message.id)
    try {
      one?.resolve(fromReply(message.reply))
    } catch (fault) {
      one?.reject(fault)
    }
  }

  const request = (name: string, ...args: unknown[]): Promise<unknown> => {
    const id = ++lastId
    const message = JSON.stringify({ id, name, args })
    return new Promise((resolve, reject) => {
      if (!socket)
        return reject(new Fault('unavailable', 'The lab cannot be reached right now. Trying again every few seconds.'))
      waiting.set(id, { resolve, reject })
      if (socket.readyState === 1) socket.send(message)
      else unsent.push(message)
    })
  }

  start()
  return {
    request: request as LabBridge['request'],
    listen<K extends NewsKind>(kind: K, listener: (news: LabNews[K]) => void) {
      const all = listeners.get(kind) ?? new Set()
      listeners.set(kind, all.add(listener as (news: never) => void))
      return () => void all.delete(listener as (news: never) => void)
    },
    door: {
      uploadFile,
      connection: {
        listen(watch) {
          watchers.add(watch)
          return () => void watchers.delete(watch)
        },
      },
    },
  }
}

/** Sends a file's bytes and returns where they lie; XMLHttpRequest because fetch does not tell how far an upload is. */
function upload(file: DroppedFile, progress: (doneBytes: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', `/upload?name=${encodeURIComponent(file.name)}`)
    request.setRequestHeader('content-type', 'application/octet-stream')
    request.setRequestHeader(webKeyHeader, key())
    request.upload.onprogress = (event) => progress(event.loaded)
    request.onerror = () =>
      reject(new Fault('unavailable', `${file.name} could not be sent: the lab cannot be reached.`))
    request.onload = () => {
      try {
        resolve(fromReply(JSON.parse(request.responseText) as Reply<string>))
      } catch (error) {
        reject(
          error instanceof Fault
            ? error
            : new Fault('failed', `${file.name} was not taken: the lab answered with status ${request.status}.`),
        )
      }
    }
    request.send(file as File)
  })
}
