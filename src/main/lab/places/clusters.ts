// The clusters that a person has described: one JSON file each. No password is ever in one.
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '#shared/fault.ts'
import type { SlurmCluster } from '#shared/place.ts'
import { exists, listFolder, readJson, removeFile, writeFileAtomically } from '#main/platform/disk/files.ts'
import { checkWords } from './script.ts'
import { slurmCluster } from './schema.ts'

export interface SlurmClusters {
  list(): Promise<SlurmCluster[]>
  /** Throws `not-found` where there is none of this name. */
  read(name: string): Promise<SlurmCluster>
  /** Adds it, or replaces the one of the same name. */
  save(cluster: SlurmCluster): Promise<SlurmCluster>
  remove(name: string): Promise<void>
}

export function createSlurmClusters(folder: string): SlurmClusters {
  const pathOf = (name: string): string => join(folder, `${name}.json`)
  const read = async (name: string): Promise<SlurmCluster> => {
    if (!/^[a-z0-9][a-z0-9._-]{0,59}$/i.test(name) || !(await exists(pathOf(name))))
      throw new Fault(
        'not-found',
        `There is no cluster called ${JSON.stringify(name.slice(0, 60))}. \`isoflop cluster list\` names those that are there, \`isoflop cluster add\` adds one.`,
      )
    const found = z.object({ cluster: slurmCluster }).safeParse(await readJson(pathOf(name)))
    if (!found.success)
      throw new Fault(
        'damaged',
        `${pathOf(name)} does not describe a cluster. Add it again with \`isoflop cluster add\`.`,
      )
    return found.data.cluster
  }
  return {
    read,
    list: async () => {
      const names = (await listFolder(folder)).filter((name) => name.endsWith('.json'))
      const found = await Promise.all(names.map((name) => read(name.slice(0, -5)).catch(() => null)))
      return found.filter((one): one is SlurmCluster => one !== null)
    },
    save: async (cluster) => {
      checkWords(cluster)
      const file = { format: 'isoflop-cluster', version: 1, cluster }
      await writeFileAtomically(pathOf(cluster.name), `${JSON.stringify(file, null, 2)}\n`)
      return cluster
    },
    remove: async (name) => {
      await read(name)
      await removeFile(pathOf(name))
    },
  }
}
