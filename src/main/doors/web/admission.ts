// Who may come in by the web door: a loopback Host, a page of our own as Origin, and a session that began with a
// one-time link.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

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

export interface Admission {
  /** A token nobody has used yet; asking again makes the one before it void. */
  newToken(): string
  /** Spends the token: the `Set-Cookie` of a new session, or null for a wrong or spent one. */
  redeem(token: string | null): string | null
  hasSession(headers: IncomingHttpHeaders): boolean
}

/** Sessions of one door. Cookies do not know ports, so `name` tells two doors on one machine apart. */
export function createAdmission(name: string): Admission {
  let token: string | null = null
  const sessions: string[] = []
  return {
    newToken() {
      token = secret()
      return token
    },
    redeem(offered) {
      if (token === null || offered === null || !isSame(offered, token)) return null
      token = null
      const session = secret()
      sessions.push(session)
      return `${name}=${session}; HttpOnly; SameSite=Strict; Path=/`
    },
    hasSession(headers) {
      const offered = (headers.cookie ?? '')
        .split(';')
        .map((part) => part.trim())
        .filter((part) => part.startsWith(`${name}=`))
      return offered.some((part) => sessions.some((session) => isSame(part.slice(name.length + 1), session)))
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
