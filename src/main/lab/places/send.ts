// Brings an array to a cluster: its files, its submission, and the question whether it was submitted.
import { Fault } from '#shared/fault.ts'
import type { SlurmCluster } from '#shared/place.ts'
import { lastLine } from '#shared/printable.ts'
import { shellWord } from '#shared/shell.ts'
import { removeFolder } from '#main/platform/disk/folders.ts'
import type { LoginNode } from '#main/platform/processes/login-node.ts'
import { largeFolders, writeSmallFiles, type Layout } from './layout.ts'
import { forgetScript } from './orders.ts'
import { readJobId } from './queue.ts'
import { whyRefused } from './refusals.ts'
import { findScript, readFound, submitScript } from './submission.ts'

/** sbatch itself waits for two minutes where the queue is full. */
const submitMs = 180_000

/** `staging`: where the small files lie while they are sent. */
export async function sendFiles(node: LoginNode, layout: Layout, staging: string, signal: AbortSignal): Promise<void> {
  const { name, folder } = layout.cluster
  try {
    await writeSmallFiles(layout, staging)
    const large = largeFolders(layout)
    const folders = ['arrays', 'runs', ...large.map(({ there }) => there)].map((one) => `${folder}/${one}`)
    const made = await node.run(`mkdir -p -- ${folders.map(shellWord).join(' ')}`, { signal })
    if (made.status !== 0)
      throw new Fault('bad-input', `${name}: the folder ${folder} cannot be made: ${lastLine(made.errors)}`)
    for (const { here, there, files } of large)
      await node.put(here, `${folder}/${there}`, { signal, ...(files ? { files } : {}) })
    await node.put(staging, folder, { signal })
  } finally {
    await removeFolder(staging).catch(() => undefined)
  }
}

/** Gives the number of the array. */
export async function sendArray(
  node: LoginNode,
  { name, folder }: SlurmCluster,
  arrayId: string,
  runs: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const forget = `(cd -- ${shellWord(folder)} && { ${runs.map(forgetScript).join('; ')}; })`
  const script = `${forget}\n${submitScript(folder, arrayId)}`
  const { status, output, errors } = await node.run(script, { signal, timeoutMs: submitMs })
  if (status !== 0) throw new Fault('failed', `${name} did not take the jobs: ${whyRefused(name, errors)}`)
  return readJobId(output.toString())
}

/** Slurm's id of each run's task, by run; empty where the array was never submitted. */
export async function findArray(
  node: LoginNode,
  { name, folder }: SlurmCluster,
  arrayId: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const { status, output, errors } = await node.run(findScript(folder, arrayId), { signal })
  if (status !== 0) throw new Fault('unavailable', `${name} does not say whether it has the runs: ${lastLine(errors)}`)
  return readFound(output.toString())
}
