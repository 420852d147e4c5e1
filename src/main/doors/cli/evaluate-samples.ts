// The file of `isoflop evaluate --samples`: what the model made of each item, a line of JSON each, with the identity of
// the evaluation that it belongs to.
import type { Evaluation } from '#shared/evaluation/evaluation.ts'
import type { ItemRecord } from '#shared/evaluation/result.ts'
import { Fault } from '#shared/fault.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { exists, realPath, writeFileAtomically, readText } from '#main/platform/disk/files.ts'

/** A line of the file. */
type Sample = Omit<ItemRecord, 'kind'> & { session: string }

export interface SamplesFile {
  /** Throws `conflict` where the file has items of the task that another model, other rows or examples made. */
  check(evaluation: Evaluation): void
  /** Writes the items of these evaluations, and those that were there and have not been scored anew. */
  write(lab: LabHost, evaluations: readonly Evaluation[]): Promise<void>
}

/** Items that are read from the lab at once. */
const pageItems = 1000

/**
 * Makes sure that the file may be written at the end: it is nothing that this evaluation reads, and where it exists it
 * holds samples, to go on with (`isResuming`) or to replace (`isReplacing`).
 */
export async function openSamples(
  path: string,
  reads: readonly string[],
  { isResuming, isReplacing }: { isResuming: boolean; isReplacing: boolean },
): Promise<SamplesFile> {
  const target = await realPath(path)
  for (const read of reads) {
    if ((await realPath(read)) === target)
      throw new Fault('conflict', `--samples ${path} would be written over what this evaluation reads. Name another.`)
  }
  const isThere = await exists(path)
  if (isThere && !isResuming && !isReplacing)
    throw new Fault('conflict', `${path} exists already. --resume continues it, --overwrite replaces it.`)
  const known = isThere ? await readSamples(path) : []
  return samplesFile(path, isResuming ? known : [])
}

function samplesFile(path: string, known: readonly Sample[]): SamplesFile {
  return {
    check: ({ task, identity }) => {
      if (identity !== undefined && known.some((one) => one.task === task && one.session !== identity))
        throw new Fault(
          'conflict',
          `${path} comes from another evaluation: the model, the rows or the examples are others. Name another file, or --overwrite it.`,
        )
    },
    write: async (lab, evaluations) => {
      const samples: Sample[] = []
      for (const { id, identity } of evaluations)
        if (identity !== undefined) samples.push(...(await samplesOf(lab, id, identity)))
      if (samples.length === 0) return // nothing was scored: what is there stays
      const here = new Set(samples.map(({ task, index }) => `${task} ${index}`))
      const all = [...samples, ...known.filter(({ task, index }) => !here.has(`${task} ${index}`))]
      await writeFileAtomically(path, all.map((sample) => `${JSON.stringify(sample)}\n`).join(''))
    },
  }
}

async function samplesOf(lab: LabHost, evaluationId: string, session: string): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let total = Infinity; samples.length < total;) {
    const page = await lab.readSamples(evaluationId, { verdict: 'all', from: samples.length, count: pageItems })
    if (page.items.length === 0) break
    samples.push(...page.items.map(({ kind: _, ...item }) => ({ ...item, session })))
    total = page.total
  }
  return samples
}

async function readSamples(path: string): Promise<Sample[]> {
  const none = (line: number, cause?: unknown) =>
    new Fault(
      'conflict',
      `${path} is not a file of samples (line ${line}), so it is not overwritten. Choose another name.`,
      { cause },
    )
  const lines = (await readText(path)).split('\n').map((text, i) => ({ text, line: i + 1 }))
  return lines.flatMap(({ text, line }) => {
    if (text.trim() === '') return []
    let sample: Partial<Sample> | null
    try {
      sample = JSON.parse(text) as Partial<Sample> | null
    } catch (error) {
      throw none(line, error)
    }
    if (typeof sample?.task !== 'string' || !Number.isInteger(sample.index) || typeof sample.session !== 'string')
      throw none(line)
    return [sample as Sample]
  })
}
