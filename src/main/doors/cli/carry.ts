// `isoflop submit-files` and `isoflop take`: runs on a cluster that this computer does not reach; a person carries the
// files there and back.
import { resolve } from 'node:path'
import { carried } from '#shared/place.ts'
import { parseWhole } from './amounts.ts'
import { describedBy, plainCluster, resourceOptions, type ResourceOptions } from './cluster.ts'
import { findStudy } from './find.ts'
import { corpusReady, tokensReady, withLab } from './lab.ts'
import { membersMeant } from './new-study.ts'
import type { CommandPart } from './program.ts'
import { runsText } from './runs.ts'

interface SubmitOptions extends ResourceOptions {
  study: string
  member?: string[]
  on?: string
  atOnce?: number
}

export const carryCommands: CommandPart = (program, act) => {
  resourceOptions(
    program
      .command('submit-files')
      .argument('<folder>', 'where to write them')
      .description('write everything that trains a study on a cluster, to be carried there by hand')
      .requiredOption('--study <study>', 'the study: its id or its name')
      .option('--member <name...>', 'only these members')
      .option('--on <cluster>', 'ask for what is known of this cluster; the options below say the rest')
      .option('--at-once <count>', 'most runs that train at once', parseWhole(1, 1000)),
  )
    .addHelpText(
      'after',
      `
Carry the folder to the cluster, and in it run the command that is printed. When runs have ended, or on the way, bring
runs/ back and \`isoflop take\` the folder.

Example:
  $ isoflop submit-files ~/carry --study "My study" --time 8:00:00 --prelude 'module load nodejs'`,
    )
    .action(
      act((context, options: SubmitOptions, folder: string) =>
        withLab(context, async (lab) => {
          const study = await findStudy(lab, options.study)
          const corpus = await corpusReady(lab, study.corpusId, context)
          await tokensReady(lab, corpus, study.tokenizer, context)
          const plans = await lab.planStudy(study.id)
          const chosen = membersMeant(plans, study.ladder, options.member)
          const known = (await lab.listSlurmClusters()).find(({ name }) => name === options.on)
          const cluster = describedBy(options, known ?? plainCluster(options.on ?? 'files', '.'))
          const target = resolve(folder)
          const ids = chosen.map(({ memberId }) => memberId)
          const { runs, command } = await lab.submitFiles(study.id, ids, cluster, target, options.atOnce)
          return {
            document: { folder: target, command, runs },
            text: `${runsText(runs)}\nOn the cluster, in the folder:  ${command}\nThen bring it back, and:  isoflop take ${folder}`,
          }
        }),
      ),
    )
  program
    .command('take')
    .argument('<folder>', 'the folder of submit-files, or a copy of it that came back')
    .description('read back what runs that were carried away have recorded and saved')
    .addHelpText('after', '\nExample:\n  $ isoflop take ~/carry')
    .action(
      act((context, _: unknown, folder: string) =>
        withLab(context, async (lab) => {
          const runs = await lab.takeFolder(resolve(folder))
          const going = runs.filter(({ state, place }) => state === 'queued' && place?.name === carried).length
          return {
            document: { runs },
            text: `${runsText(runs)}${going > 0 ? `\n${going} not finished yet: take the folder again later.` : ''}`,
          }
        }),
      ),
    )
}
