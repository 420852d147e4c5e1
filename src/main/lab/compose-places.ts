// What may be asked of the places where runs run: the clusters, what would be sent to one, and files that are carried.
import { basename, join } from 'node:path'
import { Fault } from '#shared/fault.ts'
import { predictTorch } from '#shared/cluster/torch-run.ts'
import { carried, type PlaceChoice, type SlurmCluster, type Submission, type TorchChoice } from '#shared/place.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import { listCheckpoints } from '#main/core/model-formats/checkpoint.ts'
import type { TokenizedCorpora } from '#main/lab/corpora/tokenized.ts'
import type { News } from '#main/lab/news.ts'
import type { ClusterChecks } from '#main/lab/places/check.ts'
import type { SlurmClusters } from '#main/lab/places/clusters.ts'
import { describeLayout, writeHandOver, writeLayout, type Layout } from '#main/lab/places/layout.ts'
import { submitCommand } from '#main/lab/places/submission.ts'
import { takeRecords } from '#main/lab/places/take-records.ts'
import type { Recorder } from '#main/lab/runs/recorder.ts'
import type { RunStore, StoredRun } from '#main/lab/runs/run-store.ts'
import type { Runs } from '#main/lab/runs/runs.ts'
import type { createRunStarts } from '#main/lab/runs/start-runs.ts'
import type { Studies } from '#main/lab/studies/studies.ts'
import { copyBelow } from '#main/platform/disk/copies.ts'
import { exists, listFolder } from '#main/platform/disk/files.ts'
import { writeFolderAtomically } from '#main/platform/disk/folders.ts'
import { readFrom } from '#main/platform/disk/line-files.ts'
import type { OwnFiles } from '#main/platform/disk/own-files.ts'

interface PlacesDeps {
  clusters: SlurmClusters
  checks: ClusterChecks
  own: () => OwnFiles
  ownTorch: () => OwnFiles
  recorder: (run: StoredRun) => Recorder
  starts: Pick<ReturnType<typeof createRunStarts>, 'plansOn'>
  tokenized: Pick<TokenizedCorpora, 'prepare'>
  runs: Pick<Runs, 'startPlanned'>
  runStore: RunStore
  studies: Pick<Studies, 'read'>
  runFolder: (id: string) => string
  news: Pick<News, 'tell'>
  closing: AbortController
  newId: () => string
  nowMs: () => number
}

export function composePlaces(deps: PlacesDeps) {
  const { clusters, checks, runStore, news } = deps

  const tokensOf = async (studyId: string): Promise<Pick<Layout, 'title' | 'tokensFolder' | 'tokensKey'>> => {
    const { corpusId, tokenizer, name } = deps.studies.read(studyId)
    const tokensFolder = await deps.tokenized.prepare(corpusId, tokenizer, () => undefined, deps.closing.signal)
    return { title: name, tokensFolder, tokensKey: basename(tokensFolder) }
  }
  const layoutOf = async (
    studyId: string,
    cluster: SlurmCluster,
    plans: RunPlan[],
    { atOnce, torch }: Pick<PlaceChoice, 'atOnce' | 'torch'>,
  ): Promise<Layout> => ({
    ...{ cluster, arrayId: deps.newId(), plans, atOnce, ...(await tokensOf(studyId)) },
    own: cluster.command === null && !torch ? deps.own() : null,
    ...(torch ? { torch: { choice: torch, own: deps.ownTorch() } } : {}),
  })
  /** Runs whose files a person carries. */
  const startCarried = (plans: RunPlan[], message: string, array: string | null): RunSummary[] =>
    deps.runs.startPlanned(plans, { on: carried }).map((run) => {
      const told = { ...run, message, place: { ...run.place!, array } }
      runStore.write(told)
      news.tell('run', told)
      return told
    })

  /** Reads what a run has recorded and saved in a folder that came back. */
  const takeRun = async (folder: string, run: StoredRun): Promise<RunSummary> => {
    const { id, steps, place } = run.summary
    const records = await readFrom(join(folder, 'records.jsonl'), place!.readBytes)
    const recorder = deps.recorder(run)
    const { end } = takeRecords(recorder, records)
    const here = join(deps.runFolder(id), 'checkpoints')
    if (await exists(join(folder, 'checkpoints')))
      await writeFolderAtomically(here, (staging) => copyBelow(join(folder, 'checkpoints'), staging), {
        overwrite: true,
      })
    const checkpoints = (await listCheckpoints(here)).map(({ step }) => step)
    const isFinished = checkpoints.includes(steps)
    const heard: Partial<RunSummary> = {
      checkpoints,
      tokensPerSecond: null,
      secondsLeft: isFinished ? 0 : null,
      place: { ...recorder.summary.place!, heardMs: deps.nowMs() },
    }
    if (isFinished) recorder.set({ ...heard, state: 'finished', finishedMs: deps.nowMs(), message: null, code: null })
    else if (end && 'fault' in end)
      recorder.set({ ...heard, state: 'failed', code: end.fault.code, message: end.fault.message })
    else
      recorder.set({
        ...heard,
        state: 'queued',
        device: null,
        message: `Taken up to step ${recorder.summary.step}; it continues elsewhere.`,
      })
    runStore.write(recorder.summary)
    news.tell('run', recorder.summary)
    return recorder.summary
  }

  return {
    list: clusters.list,
    save: clusters.save,
    remove: async (name: string): Promise<void> => {
      const held = runStore
        .list(null)
        .find((run) => run.place?.name === name && ['queued', 'running'].includes(run.state))
      if (held) throw new Fault('conflict', `${held.name} still runs on ${name}. Stop it first.`)
      return clusters.remove(name)
    },
    check: async (name: string) => checks.start(await clusters.read(name)),
    stopCheck: checks.stop,
    preview: async (studyId: string, memberIds: string[], choice: PlaceChoice): Promise<Submission> => {
      const cluster = await clusters.read(choice.on)
      const plans = await deps.starts.plansOn(studyId, memberIds, cluster, choice)
      const { torch } = choice
      return {
        ...(await describeLayout(await layoutOf(studyId, cluster, plans, choice))),
        ...(torch ? { predictions: plans.map((plan) => predictTorch(plan, torch, cluster.card ?? null)) } : {}),
      }
    },
    writeFiles: async (
      studyId: string,
      memberIds: string[],
      cluster: SlurmCluster,
      folder: string,
      atOnce: number | undefined,
    ): Promise<{ runs: RunSummary[]; command: string }> => {
      const plans = await deps.starts.plansOn(studyId, memberIds, cluster)
      const layout = await layoutOf(studyId, cluster, plans, { atOnce })
      await writeLayout(layout, folder)
      const message = `Its files are in ${folder}. Carry them to a cluster and take the folder back.`
      return { runs: startCarried(plans, message, layout.arrayId), command: submitCommand(layout.arrayId) }
    },
    handOver: async (
      studyId: string,
      memberIds: string[],
      cluster: SlurmCluster,
      folder: string,
      torch: TorchChoice,
    ): Promise<RunSummary[]> => {
      const plans = await deps.starts.plansOn(studyId, memberIds, cluster, { torch })
      const own = deps.ownTorch()
      await writeHandOver({ plans, ...(await tokensOf(studyId)), torch: { choice: torch, own } }, folder)
      return startCarried(plans, `Its files are in ${folder}. Start train.sh there and take the folder back.`, null)
    },
    take: async (folder: string): Promise<RunSummary[]> => {
      const known = new Map(runStore.list(null).map((run) => [run.id, run]))
      const names = await listFolder(join(folder, 'runs'))
      const mine = names.filter((name) => known.get(name)?.place?.name === carried)
      if (mine.length === 0)
        throw new Fault(
          'not-found',
          names.length === 0
            ? `${folder} has no runs/ with runs in it. Name the folder that \`isoflop submit-files\` or \`hand-over\` wrote.`
            : `The runs in ${folder} are not of this lab, or were sent by ssh and come by themselves.`,
        )
      const taken: RunSummary[] = []
      for (const id of mine) taken.push(await takeRun(join(folder, 'runs', id), runStore.read(id)))
      return taken
    },
  }
}
