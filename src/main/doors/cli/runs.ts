// `isoflop runs`: what has run and what could go on.
import { mostPlansAtOnce } from '#shared/bounds.ts'
import type { RunPlan, RunSummary } from '#shared/run.ts'
import { parseFilter } from '#shared/run-table/filter.ts'
import { runColumns, type RunRow } from '#shared/run-table/run-columns.ts'
import type { LabHost } from '#main/lab/lab.ts'
import { flopsText, short, table } from './amounts.ts'
import { findStudy } from './find.ts'
import { readLab } from './lab.ts'
import type { CommandPart } from './program.ts'

export const runsCommand: CommandPart = (program, act) => {
  program
    .command('runs')
    .description('list the runs, newest last')
    .option('--study <study>', 'only those of one study')
    .option('--tag <tag>', 'only those with this tag, of their own or of their study')
    .option('--where <filter>', 'only those that a filter lets through, as in the table of the window')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop runs --json
  $ isoflop runs --tag baseline
  $ isoflop runs --where 'validation < 2.5 and seed = 0'

A run is queued, running, paused, finished, failed, cancelled or interrupted.`,
    )
    .action(
      act((context, { study, tag, where }: { study?: string; tag?: string; where?: string }) =>
        readLab(context, async (lab) => {
          const all = await lab.listRuns(study === undefined ? null : (await findStudy(lab, study)).id)
          const rows = tag === undefined && where === undefined ? null : await runRows(lab, all)
          const keeps = parseFilter(where ?? '', runColumns)
          const runs = rows
            ? rows.filter((row) => keeps(row) && (tag === undefined || hasTag(row, tag))).map(({ run }) => run)
            : all
          runs.sort((a, b) => a.createdMs - b.createdMs)
          return {
            document: { runs },
            text: runs.length > 0 ? runsText(runs) : all.length > 0 ? 'No run is like that.' : noneYet,
          }
        }),
      ),
    )
}

const noneYet = 'There are no runs yet. `isoflop demo` makes some.'

const hasTag = ({ tags, studyTags }: RunRow, wanted: string): boolean =>
  [...tags, ...studyTags].some((tag) => tag.toLowerCase() === wanted.toLowerCase())

/** The runs as rows of the table that the window shows. */
async function runRows(lab: LabHost, runs: readonly RunSummary[]): Promise<RunRow[]> {
  const plans = new Map<string, RunPlan>()
  for (let i = 0; i < runs.length; i += mostPlansAtOnce)
    for (const plan of await lab.readRunPlans(runs.slice(i, i + mostPlansAtOnce).map(({ id }) => id)))
      plans.set(plan.runId, plan)
  const studies = new Map((await lab.listStudies()).map(({ id, name }) => [id, name]))
  const annotations = new Map((await lab.listAnnotations()).map((one) => [`${one.kind} ${one.id}`, one]))
  return runs.map((run) => ({
    run,
    plan: plans.get(run.id) ?? null,
    study: studies.get(run.studyId) ?? '',
    tags: annotations.get(`run ${run.id}`)?.tags ?? [],
    studyTags: annotations.get(`study ${run.studyId}`)?.tags ?? [],
    note: annotations.get(`run ${run.id}`)?.note ?? '',
  }))
}

export const runsText = (runs: readonly RunSummary[]): string =>
  table(
    ['run', 'member', 'state', 'step', 'of', 'parameters', 'FLOPs', 'loss', 'validation'],
    runs.map((run) => [
      run.id,
      run.name,
      run.state,
      String(run.step),
      String(run.steps),
      short(run.parameters),
      flopsText(run.flops),
      run.loss?.toFixed(4) ?? '',
      run.validationLoss?.toFixed(4) ?? '',
    ]),
  )
