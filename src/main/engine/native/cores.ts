// How many physical cores this machine lets us use: two hyper-threads of one core share its arithmetic.
import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

/** Physical cores, at least 1; logical ones where the system does not tell them apart. */
export function physicalCores(): number {
  const logical = Math.max(1, cpus().length)
  if (process.platform !== 'linux') return logical
  try {
    const folder = '/sys/devices/system/cpu'
    const cores = new Set<string>()
    for (const name of readdirSync(folder)) {
      if (!/^cpu\d+$/.test(name)) continue
      try {
        cores.add(readFileSync(`${folder}/${name}/topology/thread_siblings_list`, 'utf8').trim())
      } catch { /* this one is offline */ }
    }
    return cores.size > 0 ? Math.min(cores.size, logical) : logical
  } catch {
    return logical
  }
}
