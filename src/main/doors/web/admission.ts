// Who may come in by the web door: a loopback Host, a page of our own as Origin, and a session that began with a
// one-time link.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { mostSessions, mostWrongTokens, sessionMs } from '#shared/bounds.ts'

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * A name that an attacker's page resolved to this machine shows itself in Host: only loopback names pass. Any port:
 * tunnels change it.
 */
export function isOurHost(host: string | undefined): boolean {
  if (!host) return false
  return loopback.has(host.replace(/:\d{1,5}$/, '').toLowerCase())
}

/** Whether a request that changes something, or a WebSocket, comes from a page that this door served. */
export function isOurOrigin(headers: IncomingHttpHeaders): boolean {
  return isOurHost(headers.host) && headers.origin === `http://${headers.host}`
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))
const secret = (): string => randomBytes(32).toString('base64url')

/** One browser that came in by a link. */
export interface Session {
  /** WebSockets that are open; a session does not end while it has one. */
  readonly sockets: number
  noteOpened(): void
  noteClosed(): void
}

export interface Admission {
  /** A token nobody has used yet; asking again makes the one before it void. */
  newToken(): string
  /** Spends the token: the `Set-Cookie` of a new session, or null for a wrong or spent one. */
  redeem(token: string | null): string | null
  /** Whether too many wrong tokens came within the last minute: until it is over none is looked at. */
  isGuessed(): boolean
  /** Whether a browser may be sent the window's files, which are no secret. */
  hasSession(headers: IncomingHttpHeaders): boolean
  /** The session of a page that may speak to the lab, or null. */
  enter(headers: IncomingHttpHeaders, key: string | null): Session | null
}

interface KnownSession extends Session {
  cookie: string
  key: string
  usedMs: number
  sockets: number
}

const minuteMs = 60_000

export interface AdmissionOptions {
  name: string
  nowMs: () => number
  /** A token has been used: what led to it may go. */
  noteSpent(): void
}

/**
 * Sessions of one door, each known by two secrets. The cookie admits a navigation, but is sent to every port of this
 * machine; the key, which is the token that the link was opened by, is kept by the page's own origin alone and comes
 * with everything that is asked of the lab. Cookies do not know ports, so `name` tells two doors apart.
 */
export function createAdmission({ name, nowMs, noteSpent }: AdmissionOptions): Admission {
  let token: string | null = null
  let wrongAtMs: number[] = []
  let sessions: KnownSession[] = []

  const sessionOf = (headers: IncomingHttpHeaders) => {
    sessions = sessions.filter(({ sockets, usedMs }) => sockets > 0 || nowMs() - usedMs < sessionMs)
    const offered = (headers.cookie ?? '')
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part.startsWith(`${name}=`))
    const found = sessions.find(({ cookie }) => offered.some((part) => isSame(part.slice(name.length + 1), cookie)))
    if (found) found.usedMs = nowMs()
    return found ?? null
  }
  const isGuessed = (): boolean => {
    wrongAtMs = wrongAtMs.filter((at) => nowMs() - at < minuteMs)
    return wrongAtMs.length >= mostWrongTokens
  }

  return {
    newToken() {
      token = secret()
      return token
    },
    redeem(offered) {
      if (offered === null || isGuessed()) return null
      if (token === null || !isSame(offered, token)) {
        wrongAtMs.push(nowMs())
        return null
      }
      const session: KnownSession = {
        cookie: secret(),
        key: token,
        usedMs: nowMs(),
        sockets: 0,
        noteOpened() {
          session.sockets++
        },
        noteClosed() {
          session.sockets--
          session.usedMs = nowMs()
        },
      }
      token = null
      noteSpent()
      sessions = [...sessions, session].slice(-mostSessions)
      return `${name}=${session.cookie}; HttpOnly; SameSite=Strict; Path=/`
    },
    isGuessed,
    hasSession: (headers) => sessionOf(headers) !== null,
    enter(headers, key) {
      const session = sessionOf(headers)
      return session && key !== null && isSame(key, session.key) ? session : null
    },
  }
}

/** Path and query exactly as sent: nothing is decoded or resolved, so nothing can be disguised. */
export function askedFor(url: string | undefined): { path: string; query: URLSearchParams } {
  const text = url ?? '/'
  const at = text.indexOf('?')
  return at < 0
    ? { path: text, query: new URLSearchParams() }
    : { path: text.slice(0, at), query: new URLSearchParams(text.slice(at + 1)) }
}
