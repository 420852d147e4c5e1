// One browser on the WebSocket: `{ id, name, args }` in, `{ id, reply }` and `{ news, value }` out.
import type { RawData, WebSocket } from 'ws'
import type { Reply } from '#shared/fault.ts'
import { answer } from '#main/doors/common/answer.ts'
import { startCourier } from '#main/doors/common/courier.ts'
import type { LabHost } from '#main/lab/lab.ts'

export interface SocketLimits {
  maxRequestBytes: number
  /** Requests of one browser under way at once. */
  maxWaiting: number
  /**
   * What may wait for a slow browser; beyond it the line is cut, and the window asks for what it missed when it is
   * back.
   */
  maxBufferedBytes: number
}

interface Asked {
  id: number
  name: unknown
  args: unknown
}

/** Serves the lab on a socket until it closes. */
export function carryLab(socket: WebSocket, lab: LabHost, limits: SocketLimits): void {
  let waiting = 0
  let isAlive = true

  const send = (message: { id: number; reply: Reply } | { news: string; value: unknown }): void => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > limits.maxBufferedBytes) return socket.terminate()
    socket.send(JSON.stringify(message))
  }
  const stopNews = startCourier({ source: lab, send: (kind, value) => send({ news: kind, value }) })

  socket.on('message', (data, isBinary) => {
    const asked = isBinary ? null : parse(data)
    if (asked === null) return socket.close(1007, 'Requests are { id, name, args } as JSON text.')
    if (waiting >= limits.maxWaiting) {
      return send({
        id: asked.id,
        reply: {
          ok: false,
          code: 'conflict',
          message: `${limits.maxWaiting} requests are under way already; wait for one to end.`,
        },
      })
    }
    waiting++
    void answer(lab, asked.name, asked.args).then((reply) => {
      waiting--
      send({ id: asked.id, reply })
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

function parse(data: RawData): Asked | null {
  try {
    const message = JSON.parse(String(data)) as Asked | null
    return message !== null && typeof message === 'object' && Number.isSafeInteger(message.id) ? message : null
  } catch {
    return null
  }
}
