// `isoflop demo`: the starter ladder on the bundled text, from nothing to a scaling law and a checkpoint.
import { join } from 'node:path'
import { flopsConventionNames } from '#shared/family/counting.ts'
import { Fault } from '#shared/fault.ts'
import type { ExportReport, RunSummary } from '#shared/run.ts'
import type { CurveFit } from '#shared/scaling/curve.ts'
import { formNames, lawOf, type HeldOut } from '#shared/scaling/law.ts'
import { duration, flopsText, parseAmount, short, table } from './amounts.ts'
import { engineOptions, refuseAbsentEngine, type EngineOptions } from './engine.ts'
import { unlessInterrupted, withLab } from './lab.ts'
import type { CommandPart } from './program.ts'
import { trainStudy } from './train.ts'

interface DemoOptions extends EngineOptions {
  tokensPerParameter?: number
}

export const demoCommand: CommandPart = (program, act) => {
  engineOptions(program.command('demo'))
    .description('train the starter ladder on the bundled text, fit its law, export the largest model: a few minutes')
    .option('--tokens-per-parameter <number>', 'fewer than 20 are quicker, and lie less well on a law', parseAmount)
    .addHelpText(
      'after',
      `
Example:
  $ isoflop demo

Ctrl+C pauses; isoflop resume continues it.`,
    )
    .action(
      act((context, options: DemoOptions) =>
        withLab(context, async (lab) => {
          const startedMs = performance.now()
          await refuseAbsentEngine(lab, options, context)
          const fresh = await lab.createStudy(freeName((await lab.listStudies()).map(({ name }) => name)))
          const { tokensPerParameter } = options
          const study =
            tokensPerParameter === undefined
              ? fresh
              : await lab.updateStudy(fresh.id, { recipe: { ...fresh.recipe, tokensPerParameter } })
          const runs = await trainStudy(lab, study, options, context)
          const points = runs.map(({ name, flops, validationLoss }) => ({ name, x: flops, y: validationLoss! }))
          const {
            fit,
            problem,
            heldOut: [heldOut = null],
          } = lawOf(points)
          if (!fit) throw new Fault('failed', problem ?? 'No law could be fitted to these members.')
          const largest = runs[runs.length - 1]
          const { exportsFolder } = await lab.about()
          context.terminal.progress('Exporting the largest member')
          const folder = join(exportsFolder, `demo-${largest.name}-${largest.id.slice(0, 6)}`)
          const exported = await unlessInterrupted(
            context.signal,
            lab.export({ kind: 'run', runId: largest.id, step: null }, folder, false),
          )
          const seconds = (performance.now() - startedMs) / 1000
          const convention = flopsConventionNames[study.recipe.flopsConvention]
          return {
            document: {
              studyId: study.id,
              members: runs.map(memberDocument),
              law: lawDocument(fit),
              forecast: heldOut && forecastDocument(heldOut),
              export: exported,
              seconds,
            },
            text: demoText(runs, fit, heldOut, exported, seconds, convention),
          }
        }),
      ),
    )
}

const memberDocument = ({
  id,
  name,
  parameters,
  tokens,
  flops,
  loss,
  validationLoss,
  elapsedMs,
  engine,
}: RunSummary) => ({
  runId: id,
  name,
  parameters,
  tokens,
  flops,
  loss,
  validationLoss,
  seconds: elapsedMs / 1000,
  engine,
})

const lawDocument = ({ form, parameters, residualStd, status }: CurveFit) => ({
  form,
  ...parameters,
  residualStd,
  status,
})

const forecastDocument = ({ name, y, measured, error }: HeldOut) => ({ member: name, forecast: y, measured, error })

function demoText(
  runs: readonly RunSummary[],
  law: CurveFit,
  heldOut: HeldOut | null,
  exported: ExportReport,
  seconds: number,
  convention: string,
): string {
  const rows = runs.map(({ name, parameters, tokens, flops, validationLoss, elapsedMs }) => [
    name,
    short(parameters),
    short(tokens),
    flopsText(flops),
    validationLoss!.toFixed(4),
    duration(elapsedMs / 1000),
  ])
  const { scale, exponent, offset } = law.parameters
  return [
    '',
    table(['member', 'parameters', 'tokens', `FLOPs (${convention})`, 'validation loss', 'time'], rows),
    '',
    `Law (${formNames[law.form]}): L = (C / ${flopsText(scale)})^${exponent.toFixed(4)}${offset > 0 ? ` + ${offset.toFixed(4)}` : ''} nats per token, C in FLOPs (${convention}); the members scatter ${(100 * law.residualStd).toFixed(2)} % around it.`,
    ...(heldOut
      ? [
          `Forecast for ${heldOut.name} from the smaller members alone: ${heldOut.y.toFixed(4)}; measured ${heldOut.measured.toFixed(4)}; error ${signed(100 * heldOut.error)} %.`,
        ]
      : []),
    `Checkpoint: ${exported.folder}`,
    `Took ${duration(seconds)}. \`isoflop generate last --prompt "It was"\` lets the largest member write; \`isoflop serve\` opens the workbench.`,
  ].join('\n')
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(2)}`

function freeName(taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? 'Demo' : `Demo ${n}`
    if (!taken.includes(name)) return name
  }
}
