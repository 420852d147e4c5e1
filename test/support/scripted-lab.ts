// A lab that answers what it was told to and tells what a test makes it tell: for testing doors, not rooms.
import { Fault } from '#shared/fault.ts'
import type { Lab, LabNews, NewsKind } from '#shared/lab.ts'
import { labRequests } from '#shared/lab-names.ts'
import { defaultSettings } from '#shared/settings.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { pathsIn } from '#main/lab/requests.ts'

export interface ScriptedLab extends LabHost {
  tell<K extends NewsKind>(kind: K, value: LabNews[K]): void
  /** Listeners at this moment, all kinds. */
  listeners(): number
  isBusy: boolean
}

/** Requests that are not scripted reject with a Fault `not-found`. */
export function scriptedLab(home: string, script: Partial<Lab> = {}): ScriptedLab {
  const listening = new Map<NewsKind, Set<(value: never) => void>>()
  const lab = {
    isBusy: false,
    isTraining: () => lab.isBusy,
    pathsIn: (request: unknown, args: unknown) => pathsIn(`${home}/exports`, request, args),
    close: async () => {},
    listen(kind: NewsKind, listener: (value: never) => void) {
      const set = listening.get(kind) ?? new Set()
      listening.set(kind, set.add(listener))
      return () => void set.delete(listener)
    },
    tell(kind: NewsKind, value: never) {
      for (const listener of listening.get(kind) ?? []) listener(value)
    },
    listeners: () => [...listening.values()].reduce((sum, set) => sum + set.size, 0),
  } as unknown as ScriptedLab
  for (const name of labRequests) {
    ;(lab as unknown as Record<string, unknown>)[name] = async () => {
      throw new Fault('not-found', `${name} is not scripted.`)
    }
  }
  return Object.assign(
    lab,
    {
      about: async () => ({
        version: '0.0.0',
        door: 'web' as const,
        home,
        exportsFolder: `${home}/exports`,
        platform: 'linux',
      }),
      settings: async () => defaultSettings,
    },
    script,
  )
}
