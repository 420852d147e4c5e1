// What a job array is made of, as files below one folder: the same whether ssh brings them or a person carries them.
import { join } from 'node:path'
import type { SlurmCluster, Submission, TorchChoice } from '#shared/place.ts'
import type { RunPlan } from '#shared/run.ts'
import { oneLine } from '#shared/printable.ts'
import { shellWord } from '#shared/shell.ts'
import type { RunFile } from '#main/core/training/run-file.ts'
import { copyBelow, listFilesBelow } from '#main/platform/disk/copies.ts'
import { fileBytes, writeFileAtomically } from '#main/platform/disk/files.ts'
import type { OwnFiles } from '#main/platform/disk/own-files.ts'
import { scriptOf } from './script.ts'
import { latestName, listName, scriptName } from './submission.ts'
import { handOverScript } from './torch-script.ts'

export interface Layout {
  cluster: SlurmCluster
  arrayId: string
  /** The study's name. */
  title: string
  plans: readonly RunPlan[]
  atOnce?: number
  /** Tokens that all of them learn from. */
  tokensFolder: string
  /** Names the same tokens everywhere. */
  tokensKey: string
  /** null where an isoflop is installed there, or PyTorch trains. */
  own: OwnFiles | null
  /** The processes of PyTorch that train each run, and the package that they run; absent: the lab's own runner does. */
  torch?: { choice: TorchChoice; own: OwnFiles }
}

const runnerFolder = (own: OwnFiles): string => `runner/${own.id}`
const torchFolder = (own: OwnFiles): string => `torch/${own.id}`
const tokensBelow = ({ tokensKey }: Pick<Layout, 'tokensKey'>): string => `tokens/${tokensKey}`
export const logName = (arrayId: string, index: string): string => `arrays/${arrayId}-${index}.log`

const scriptFor = ({ cluster, arrayId, title, plans, atOnce, own, torch }: Layout): string =>
  scriptOf(cluster, {
    id: arrayId,
    title,
    runs: plans.length,
    atOnce,
    runner: torch
      ? { torch: torch.choice, packageFolder: torchFolder(torch.own) }
      : own
        ? ['node', '--no-warnings', `${runnerFolder(own)}/out/main/cli.js`]
        : [cluster.command!],
  })

interface SmallFile {
  path: string
  text: string
}

const runFiles = (layout: Pick<Layout, 'plans' | 'tokensKey'>): SmallFile[] =>
  layout.plans.map((plan) => {
    const run: RunFile = { format: 'isoflop-run', version: 1, plan, tokensFolder: `../../${tokensBelow(layout)}` }
    return { path: `runs/${plan.runId}/run.json`, text: `${JSON.stringify(run, null, 1)}\n` }
  })

/** The files that are new with each submission. */
const smallFiles = (layout: Layout): SmallFile[] => [
  { path: scriptName(layout.arrayId), text: scriptFor(layout) },
  { path: listName(layout.arrayId), text: layout.plans.map(({ runId }) => `${runId}\n`).join('') },
  ...layout.plans.map(({ runId }) => ({ path: latestName(`runs/${runId}`), text: `${layout.arrayId}\n` })),
  ...runFiles(layout),
]

export async function writeSmallFiles(layout: Layout, folder: string): Promise<void> {
  for (const { path, text } of smallFiles(layout)) await writeFileAtomically(join(folder, path), text)
}

/** The large ones, each a folder here and one there. */
export const largeFolders = (layout: Layout): { here: string; there: string; files?: string[] }[] => [
  { here: layout.tokensFolder, there: tokensBelow(layout) },
  ...(layout.torch
    ? [{ here: layout.torch.own.root, there: torchFolder(layout.torch.own), files: layout.torch.own.files }]
    : []),
  ...(layout.own ? [{ here: layout.own.root, there: runnerFolder(layout.own), files: layout.own.files }] : []),
]

/** Everything, for a person to carry. */
export async function writeLayout(layout: Layout, folder: string): Promise<void> {
  await writeSmallFiles(layout, folder)
  for (const { here, there, files } of largeFolders(layout)) await copyBelow(here, join(folder, there), files)
}

/** Runs for people who start them themselves, with the script that does. */
export async function writeHandOver(
  {
    title,
    torch,
    ...layout
  }: Pick<Layout, 'title' | 'plans' | 'tokensFolder' | 'tokensKey'> & Required<Pick<Layout, 'torch'>>,
  folder: string,
): Promise<void> {
  const ids = layout.plans.map(({ runId }) => runId)
  const script = handOverScript(oneLine(title), ids, torch.choice, torchFolder(torch.own))
  for (const { path, text } of [{ path: 'train.sh', text: script }, ...runFiles(layout)])
    await writeFileAtomically(join(folder, path), text)
  await copyBelow(layout.tokensFolder, join(folder, tokensBelow(layout)))
  await copyBelow(torch.own.root, join(folder, torchFolder(torch.own)), torch.own.files)
}

export async function describeLayout(layout: Layout): Promise<Submission> {
  const files = smallFiles(layout).map(({ path, text }) => ({ path, bytes: Buffer.byteLength(text) }))
  for (const { here, there, files: only } of largeFolders(layout)) {
    let bytes = 0
    for (const path of only ?? ['']) bytes += await bytesBelow(join(here, path))
    files.push({ path: `${there}/`, bytes })
  }
  const { cluster, arrayId } = layout
  return {
    script: scriptFor(layout),
    command: `cd ${shellWord(cluster.folder)} && sbatch --parsable ${scriptName(arrayId)}`,
    files,
  }
}

async function bytesBelow(path: string): Promise<number> {
  const below = await listFilesBelow(path).catch(() => null)
  if (!below) return fileBytes(path)
  let sum = 0
  for (const file of below) if (!file.endsWith('.map')) sum += await fileBytes(join(path, file))
  return sum
}
