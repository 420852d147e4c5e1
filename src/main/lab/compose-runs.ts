// Runs and the places where they run, put together: this computer, and the clusters that a person has described.
import { basename, join } from 'node:path'
import { createSlurmClusters } from '#main/lab/places/clusters.ts'
import { createClusterChecks } from '#main/lab/places/check.ts'
import { createSlurm } from '#main/lab/places/slurm.ts'
import { createHere } from '#main/lab/runs/here.ts'
import { createRecorder } from '#main/lab/runs/recorder.ts'
import { createRunStore, type StoredRun } from '#main/lab/runs/run-store.ts'
import { createRuns } from '#main/lab/runs/runs.ts'
import type { TokenizedCorpora } from '#main/lab/corpora/tokenized.ts'
import type { News } from '#main/lab/news.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import { ownFiles, torchFiles } from '#main/platform/disk/own-files.ts'
import { createLoginNode, type LoginNode } from '#main/platform/processes/login-node.ts'
import type { ForkWorker } from '#main/platform/processes/process.ts'

export interface ComposeRunsDeps {
  db: Database
  news: News
  fork: ForkWorker
  nowMs: () => number
  newId: () => string
  home: string
  version: string
  resources: string
  runFolder: (runId: string) => string
  /** Where an imported model lies; undefined where it is not there any more. */
  modelFolder: (modelId: string) => string | undefined
  tokenized: Pick<TokenizedCorpora, 'prepare'>
  studyName: (studyId: string) => string
  /** Whether ssh may ask its questions in the terminal that the lab was started in. */
  mayAsk: boolean
}

export function composeRuns(deps: ComposeRunsDeps) {
  const { db, news, fork, nowMs, newId, home, version, resources, runFolder, tokenized, mayAsk } = deps
  const store = createRunStore(db)
  const clusters = createSlurmClusters(join(home, 'clusters'))
  const nodes = new Map<string | null, LoginNode>()
  /** One way to each host, whatever asks. */
  const nodeOf = (ssh: string | null): LoginNode => {
    const node = nodes.get(ssh) ?? createLoginNode({ ssh, mayAsk })
    nodes.set(ssh, node)
    return node
  }
  const prepare = ({ plan }: StoredRun, tell: (message: string) => void, signal: AbortSignal) =>
    tokenized.prepare(plan.corpusId, plan.tokenizer, tell, signal)
  const recorder = ({ plan, summary }: StoredRun) => createRecorder(summary, plan.member.tokens, store, news, nowMs)
  const own = () => ownFiles(version)
  const ownTorch = () => torchFiles(resources, version)

  const elsewhere = createSlurm({
    store,
    news,
    nowMs,
    newId,
    recorder,
    runsFolder: join(home, 'runs'),
    own,
    ownTorch,
    stagingFolder: join(home, 'clusters', 'sending'),
    reach: async (name) => {
      const cluster = await clusters.read(name)
      return { cluster, node: nodeOf(cluster.ssh) }
    },
    prepare: async (runId, tell, signal) => {
      const run = store.read(runId)
      const tokensFolder = await prepare(run, tell, signal)
      return { tokensFolder, tokensKey: basename(tokensFolder), title: deps.studyName(run.plan.studyId) }
    },
  })
  const here = createHere({ store, news, fork, nowMs, prepare, folderOf: runFolder, modelFolder: deps.modelFolder })
  const runs = createRuns({
    store,
    news,
    nowMs,
    newId,
    here,
    elsewhere,
    removeFiles: (id) => removeFolder(runFolder(id)),
  })
  const checks = createClusterChecks({ news, newId, nodeOf, own })
  return { store, runs, places: { clusters, checks, own, ownTorch, recorder } }
}
