// `isoflop studies repeat`: the trainings of a locked study file once more, and whether their losses are the same bits.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { canRepeat, repeatVerdict, type LockStanding, type RepeatedRun, type RepeatReport } from '#shared/study-lock.ts'
import type { Study } from '#shared/study.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { table } from './amounts.ts'
import { corpusName, readCorpus } from './corpus.ts'
import { findStudy } from './find.ts'
import { followRuns } from './follow.ts'
import { corpusReady, tokensReady, unlessInterrupted, withLab } from './lab.ts'
import type { CommandContext, CommandPart } from './program.ts'

interface RepeatOptions {
  corpus?: string[]
  check?: boolean
}

export const repeatCommand = (
  verb: (name: string, description: string, example: string) => Command,
  act: Parameters<CommandPart>[1],
): void => {
  verb('repeat', 'train a locked study again, and say whether its losses are the same bits', 'repeat demo.json')
    .argument('<file-or-study>', 'what `studies write --locked` wrote, or the study that came of it')
    .option('--corpus <path...>', 'its text, where it is not in this lab')
    .option('--check', 'only say what is the same here; train nothing')
    .action(
      act((context, { corpus, check }: RepeatOptions, wanted: string) =>
        withLab(context, async (lab) => {
          const study = await withCorpus(lab, await lockedStudy(lab, wanted), corpus, context)
          context.terminal.progress('Looking for the engines')
          await unlessInterrupted(context.signal, lab.machine())
          const before = await lab.repeatReport(study.id)
          if (!check) {
            if (canRepeat(before)) {
              const here = await corpusReady(lab, study.corpusId, context)
              await tokensReady(lab, here, study.tokenizer, context)
            }
            const runs = await lab.repeatStudy(study.id)
            await followRuns(
              lab,
              runs.map(({ id }) => id),
              context,
            )
          }
          const report = check ? before : await lab.repeatReport(study.id)
          const isWrong = check ? !canRepeat(report) : report.runs.some(({ isSame }) => !isSame)
          return { document: { studyId: study.id, ...report }, text: reportText(report), status: isWrong ? 1 : 0 }
        }),
      ),
    )
}

/** A study of the lab by its name, else one made of the file. */
async function lockedStudy(lab: LabHost, wanted: string): Promise<Study> {
  const { exists, readJson } = await import('#main/platform/disk/files.ts')
  const path = resolve(wanted)
  return (await exists(path)) ? lab.importStudy(await readJson(path)) : findStudy(lab, wanted)
}

async function withCorpus(
  lab: LabHost,
  study: Study,
  paths: string[] | undefined,
  context: CommandContext,
): Promise<Study> {
  if (paths === undefined) return study
  const { corpus } = await readCorpus(lab, paths, corpusName(paths), context)
  return lab.updateStudy(study.id, { corpusId: corpus.id })
}

const standings: Record<LockStanding, string> = {
  same: 'same',
  differs: 'differs',
  missing: 'missing',
  unknown: 'not known yet',
}

const reportText = (report: RepeatReport): string =>
  [
    report.checks
      .map(({ what, standing, text }) => `${what.padEnd(10)}${standings[standing].padEnd(15)}${text}`)
      .join('\n'),
    table(
      ['run', 'seed', 'validation there', 'here', 'bits'],
      report.runs.map((run) => [
        run.locked.name,
        String(run.locked.seed),
        lossText(run.locked.validationLoss ?? run.locked.loss),
        lossText(run.validationLoss ?? run.loss),
        bitsText(run),
      ]),
    ),
    repeatVerdict(report),
  ].join('\n\n')

const lossText = (loss: number | null): string => loss?.toFixed(6) ?? '-'
const bitsText = ({ isSame }: RepeatedRun): string =>
  isSame === null ? 'not trained yet' : isSame ? 'the same' : 'others'
