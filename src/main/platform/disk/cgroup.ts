// What a container or a service manager leaves this process: Linux's control groups, version 1 and 2.
import { posix } from 'node:path'
import { textOf } from './system-files.ts'

type ReadText = (path: string) => string | null

/** Cores' worth of time that the process may use, 0.5 for half of one; Infinity where nobody limits it. */
export function cpuQuota(read: ReadText = textOf): number {
  return leastOf('cpu', read, (folder) => {
    const [quota, period] = (
      read(posix.join(folder, 'cpu.max')) ??
      `${read(posix.join(folder, 'cpu.cfs_quota_us'))} ${read(posix.join(folder, 'cpu.cfs_period_us'))}`
    )
      .split(/\s+/)
      .map(Number) // "max" is no number, -1 is no limit
    return quota > 0 && period > 0 ? quota / period : Infinity
  })
}

/** Bytes that the process and its like may hold before they are killed; Infinity where nobody limits them. */
export function memoryLimit(read: ReadText = textOf): number {
  return leastOf('memory', read, (folder) => {
    const limit = Number(read(posix.join(folder, 'memory.max')) ?? read(posix.join(folder, 'memory.limit_in_bytes')))
    return limit > 0 ? limit : Infinity
  })
}

/** Of the process's own group and all above it: each may limit what lies below. */
function leastOf(controller: string, read: ReadText, limitOf: (folder: string) => number): number {
  let least = Infinity
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) continue
    const mounts = controllers.split(',').includes(controller) ? [controllers, controller] : ['', 'unified']
    if (controllers !== '' && mounts[0] === '') continue // another controller of version 1
    for (const mount of mounts)
      for (let folder = path; ; folder = posix.dirname(folder)) {
        least = Math.min(least, limitOf(posix.join('/sys/fs/cgroup', mount, folder)))
        if (folder === posix.dirname(folder)) break
      }
  }
  return least
}
