// Links to the web, handed to the system's browser: to a few hosts by https, and one for each click or key of a person.
import { longestLink } from '#shared/bounds.ts'

/** Where models, their papers and this program come from. */
const hosts = new Set(['huggingface.co', 'arxiv.org', 'doi.org', 'github.com'])

/** How long a click or a key counts, ms: as long as Chromium's own transient activation. */
const gestureMs = 5000

/** Whether a link leads where the lab has reason to lead. */
export function isKnownLink(link: string): boolean {
  if (link.length > longestLink) return false
  try {
    const { protocol, hostname, port, username, password } = new URL(link)
    return protocol === 'https:' && hosts.has(hostname) && port === '' && username === '' && password === ''
  } catch {
    return false
  }
}

export interface Links {
  /** A person clicked or pressed a key in the window. */
  noteGesture(): void
  open(link: string): void
}

export function createLinks(openExternal: (link: string) => Promise<void>, nowMs: () => number): Links {
  let gestureAtMs: number | null = null
  return {
    noteGesture() {
      gestureAtMs = nowMs()
    },
    open(link) {
      if (!isKnownLink(link) || gestureAtMs === null || nowMs() - gestureAtMs > gestureMs) return
      gestureAtMs = null // One link for one gesture.
      openExternal(link).catch((error) => console.error('The link could not be opened:', error))
    },
  }
}
