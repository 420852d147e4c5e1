// What is done once for every graphics card, driver and edition of our kernels, and remembered in the user's cache
// folder: its numbers are checked, its tiles are timed.
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { readRemembered, remember } from '#main/platform/disk/remembered.ts'

const cacheFile = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'isoflop', 'graphics-cards.json')

interface Known {
  edition?: unknown
  found?: unknown
}

/** Changes with the text of the kernels, so that a new version is checked anew. */
export const editionOf = (kernels: readonly string[]): string =>
  createHash('sha256').update(kernels.join()).digest('hex')

/**
 * What `work` found out about a card with its driver, or what an earlier start with the same kernels did. A card that
 * `work` throws for is asked again the next time.
 */
export async function onFirstUse<T>(
  card: string,
  edition: string,
  isFound: (value: unknown) => value is T,
  work: () => Promise<T>,
): Promise<T> {
  const remembered = () => (readRemembered(cacheFile()) ?? {}) as Record<string, Known | undefined>
  const known = remembered()[card]
  if (known?.edition === edition && isFound(known.found)) return known.found
  const found = await work()
  try {
    remember(cacheFile(), { ...remembered(), [card]: { edition, found } })
  } catch {
    // a cache that cannot be written: it is done again the next time
  }
  return found
}
