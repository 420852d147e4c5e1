// Many browsers on one lab, as far as the door can tell: admitted by the link, each on a WebSocket of its own.
import { WebSocket } from 'ws'
import { fromReply, type Reply } from '#shared/fault.ts'

export interface Session {
  origin: string
  cookie: string
  key: string
}

/** Spends the one-time link, as the first visit does. */
export async function enter(link: string): Promise<Session> {
  const { origin, searchParams } = new URL(link)
  const answer = await fetch(link, { redirect: 'manual' })
  const cookie = answer.headers.getSetCookie()[0].split(';')[0]
  return { origin, cookie, key: searchParams.get('token')! }
}

export interface Browser {
  /** The answer's value. */
  ask(name: string, args: unknown[]): Promise<unknown>
  /** How long the last answer took, ms. */
  lastMs: number
  close(): void
}

export async function openBrowser({ origin, cookie, key }: Session): Promise<Browser> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/lab`, ['isoflop', `key.${key}`], {
    headers: { cookie, origin },
  })
  const waiting = new Map<number, (reply: Reply) => void>()
  let nextId = 1
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(String(data)) as { id?: number; reply?: Reply }
    if (message.id === undefined) return
    waiting.get(message.id)?.(message.reply!)
    waiting.delete(message.id)
  })
  await new Promise((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  const broken = new Promise<never>((_, reject) => socket.on('close', () => reject(new Error('the line was cut'))))
  broken.catch(() => undefined)
  const browser: Browser = {
    lastMs: 0,
    async ask(name, args) {
      const id = nextId++
      const startedMs = performance.now()
      const answered = new Promise<Reply>((resolve) => waiting.set(id, resolve))
      socket.send(JSON.stringify({ id, name, args }))
      const value = fromReply(await Promise.race([answered, broken]))
      browser.lastMs = performance.now() - startedMs
      return value
    },
    close: () => socket.close(),
  }
  return browser
}
