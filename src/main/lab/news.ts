// What happened, told to whoever listens; nobody is asked for anything.
import type { LabNews, NewsKind } from '#shared/lab.ts'

export interface News {
  tell<K extends NewsKind>(kind: K, news: LabNews[K]): void
  /** Returns the way to stop listening. */
  listen<K extends NewsKind>(kind: K, listener: (news: LabNews[K]) => void): () => void
}

export function createNews(): News {
  const listeners = new Map<NewsKind, Set<(news: never) => void>>()
  return {
    tell: (kind, news) => {
      for (const listener of listeners.get(kind) ?? []) (listener as (news: unknown) => void)(news)
    },
    listen: (kind, listener) => {
      const set = listeners.get(kind) ?? new Set()
      listeners.set(kind, set)
      // Wrapped, so that the same function may listen twice and stop once.
      const own = (news: never) => listener(news)
      set.add(own)
      return () => void set.delete(own)
    },
  }
}
