// Which paths a window may name: those that a person chose outside of the page, or agreed to.
import { isAbsolute, relative, resolve } from 'node:path'
import { Fault } from '#shared/fault.ts'
import type { LabHost } from '#main/lab/lab.ts'

export interface TrustedPaths {
  /** A file or folder, and all below it: the person chose it in a dialog or dropped it. */
  trust(path: string): void
  /** Throws `cancelled` where a request names a path that the person does not agree to; asks once for each. */
  check(request: unknown, args: unknown): Promise<void>
}

export interface TrustedPathsOptions {
  lab: Pick<LabHost, 'pathsIn'>
  /** What needs no question from the beginning. */
  trusted: readonly string[]
  /** Asks the person, where no page can answer. */
  agree(paths: readonly string[]): Promise<boolean>
}

export function createTrustedPaths({ lab, trusted: first, agree }: TrustedPathsOptions): TrustedPaths {
  const trusted = new Set(first.map((path) => resolve(path)))
  const isTrusted = (path: string): boolean => [...trusted].some((one) => isBelow(path, one))
  return {
    trust: (path) => void trusted.add(resolve(path)),
    async check(request, args) {
      const asked = lab
        .pathsIn(request, args)
        .map((path) => resolve(path))
        .filter((path) => !isTrusted(path))
      if (asked.length === 0) return
      if (!(await agree(asked)))
        throw new Fault('cancelled', 'The path was not agreed to, so nothing was read or written.')
      for (const path of asked) trusted.add(path)
    },
  }
}

/** Whether a path is the folder or file itself, or lies in it. */
function isBelow(path: string, top: string): boolean {
  const way = relative(top, path)
  return way === '' || (!isAbsolute(way) && way.split(/[\\/]/)[0] !== '..')
}
