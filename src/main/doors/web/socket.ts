// One browser on the WebSocket: `{ id, name, args }` in, `{ id, reply }` and `{ news, value }` out.
import type { RawData, WebSocket } from 'ws'
import type { webBounds } from '#shared/bounds.ts'
import { Fault, toFaultData, type Reply } from '#shared/fault.ts'
import { parseJson } from '#shared/json.ts'
import { answer } from '#main/doors/common/answer.ts'
import { startNewsFeed } from '#main/doors/common/news-feed.ts'
import type { TrustedPaths } from '#main/doors/common/trusted-paths.ts'
import type { LabHost } from '#main/lab/lab.ts'

interface Asked {
  id: number
  name: unknown
  args: unknown
}

/** Bytes that may wait for one browser before anybody is asked how much waits for all. */
const behindBytes = 16 * 1024

export interface SocketDeps {
  lab: LabHost
  paths: Pick<TrustedPaths, 'check'> | undefined
  /** The sockets of this door, this one among them. */
  all: ReadonlySet<WebSocket>
  limits: typeof webBounds
}

/** Serves the lab on a socket until it closes. */
export function carryLab(socket: WebSocket, { lab, paths, all, limits }: SocketDeps): void {
  let waiting = 0
  let isAlive = true

  const send = (text: string): void => {
    if (socket.readyState !== socket.OPEN) return
    socket.send(text)
    if (socket.bufferedAmount > behindBytes) cutSlowest(all, limits.maxUnsentBytes)
  }
  const reply = (id: number, given: Reply): void => {
    const room = limits.maxAnswerLength - socket.bufferedAmount
    send(answerText(id, given, room) ?? answerText(id, { ok: false, ...tooLarge }, Infinity)!)
  }
  const stopNews = startNewsFeed({ source: lab, send: (news, value) => send(JSON.stringify({ news, value })) })

  socket.on('message', (data, isBinary) => {
    const asked = isBinary ? null : parse(data, limits.maxRequestBytes)
    if (asked === null) return socket.close(1007, 'Requests are { id, name, args } as JSON text.')
    if (waiting >= limits.maxWaiting) {
      const message = `${limits.maxWaiting} requests are under way already; wait for one to end.`
      return reply(asked.id, { ok: false, code: 'conflict', message })
    }
    waiting++
    void answer(lab, asked.name, asked.args, paths).then((given) => {
      waiting--
      reply(asked.id, given)
    })
  })

  // A browser that was suspended, or a cut line, is noticed within a minute.
  const heartbeat = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, 30_000)
  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearInterval(heartbeat)
    stopNews()
  })
}

const tooLarge = toFaultData(
  new Fault('too-large', 'The answer is larger than a window takes at once. Ask for less, or ask again in a moment.'),
)

/** A reply as it goes over the wire; null where it has more than `longest` characters. Never throws. */
function answerText(id: number, reply: Reply, longest: number): string | null {
  let text: string
  try {
    text = JSON.stringify({ id, reply })
  } catch (error) {
    text = JSON.stringify({ id, reply: { ok: false, ...toFaultData(error) } })
  }
  return text.length <= longest ? text : null
}

/** Ends the lines on which most waits until what waits for all together is no more than `mostBytes`. */
function cutSlowest(sockets: ReadonlySet<WebSocket>, mostBytes: number): void {
  const open = [...sockets].filter((socket) => socket.readyState === socket.OPEN)
  let unsent = open.reduce((sum, socket) => sum + socket.bufferedAmount, 0)
  if (unsent <= mostBytes) return
  for (const socket of open.sort((a, b) => b.bufferedAmount - a.bufferedAmount)) {
    if (unsent <= mostBytes) return
    unsent -= socket.bufferedAmount
    socket.terminate()
  }
}

function parse(data: RawData, most: number): Asked | null {
  try {
    const message = parseJson(String(data), { most }) as Asked | null
    return message !== null && typeof message === 'object' && Number.isSafeInteger(message.id) ? message : null
  } catch {
    return null
  }
}
