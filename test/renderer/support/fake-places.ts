// Slurm clusters that answer at once: what is added is there, and a check finds everything good.
import { Fault } from '#shared/fault.ts'
import type { Lab, LabNews, NewsKind } from '#shared/lab.ts'
import type { ClusterCheck, SlurmCluster } from '#shared/place.ts'
import type { RunSummary } from '#shared/run.ts'

interface Deps {
  tell: <K extends NewsKind>(kind: K, news: LabNews[K]) => void
  runs: Map<string, RunSummary>
}

export function createFakePlaces({ tell, runs }: Deps) {
  const clusters = new Map<string, SlurmCluster>()
  const named = (name: string): SlurmCluster => {
    const found = clusters.get(name)
    if (!found) throw new Fault('not-found', `There is no cluster called "${name}".`)
    return found
  }
  return {
    listSlurmClusters: async () => [...clusters.values()],
    saveSlurmCluster: async (cluster) => {
      if (cluster.partition?.includes(' ')) throw new Fault('bad-input', 'partition: sbatch takes no blanks there.')
      clusters.set(cluster.name, cluster)
      return cluster
    },
    deleteSlurmCluster: async (name) => {
      clusters.delete(named(name).name)
    },
    checkSlurmCluster: async (name) => {
      const check: ClusterCheck = {
        name: named(name).name,
        isDone: true,
        lines: [
          { what: 'Connection', state: 'good', text: 'Linux login x86_64' },
          { what: 'Engine', state: 'bad', text: 'native does not train there: no compiler' },
        ],
      }
      setTimeout(() => tell('clusterCheck', check))
      return { ...check, isDone: false, lines: check.lines.map((line) => ({ ...line, state: 'running', text: '' })) }
    },
    stopClusterCheck: async () => undefined,
    previewSubmission: async (_, memberIds, { on, atOnce, torch }) => ({
      script: `#!/bin/bash\n#SBATCH --array=0-${memberIds.length - 1}%${atOnce ?? 0}\n`,
      command: `cd ${named(on).folder} && sbatch --parsable arrays/a.sbatch`,
      files: [{ path: 'tokens/', bytes: 1000 }],
      ...(torch ? { predictions: memberIds.map((name) => ({ name, seconds: 8040, error: 0.06, trouble: null })) } : {}),
    }),
    submitFiles: async () => ({ runs: [], command: 'sbatch arrays/a.sbatch' }),
    handOver: async () => [],
    takeFolder: async () => [...runs.values()],
  } satisfies Partial<Lab>
}
