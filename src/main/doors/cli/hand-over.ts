// `isoflop hand-over`: members as runs of PyTorch, for people who start them themselves.
import { resolve } from 'node:path'
import { Option } from 'commander'
import { machines } from '#shared/cluster/presets.ts'
import { mostProcesses } from '#shared/bounds.ts'
import { parseWhole } from './amounts.ts'
import { plainCluster } from './cluster.ts'
import { findStudy } from './find.ts'
import { corpusReady, tokensReady, withLab } from './lab.ts'
import { membersMeant } from './new-study.ts'
import type { CommandPart } from './program.ts'
import { runsText } from './runs.ts'
import { torchOf } from './torch.ts'

interface HandOverOptions {
  member?: string[]
  gpus: number
  gpu?: string
}

export const handOverCommand: CommandPart = (program, act) => {
  program
    .command('hand-over')
    .argument('<study>', 'the study: its id or its name')
    .argument('<folder>', 'where to write them')
    .description('write members as runs of PyTorch (DDP or FSDP2), with package, tokens and script, to start by hand')
    .option('--member <name...>', 'only these members')
    .option(
      '--gpus <count>',
      'GPUs that train each; PROCESSES=N says it anew at the start',
      parseWhole(1, mostProcesses),
      1,
    )
    .addOption(
      new Option('--gpu <machine>', 'what the GPUs are, so that the time is predicted').choices(
        machines.flatMap(({ id, kind }) => (kind === 'gpu' ? [id] : [])),
      ),
    )
    .addHelpText(
      'after',
      `
Take the folder to where PyTorch is, start train.sh in it, bring the folder back, and \`isoflop take\` it.

Example:
  $ isoflop hand-over "My study" ~/carry --member 1.3B --gpus 8 --gpu a100-80`,
    )
    .action(
      act((context, { member, gpus, gpu }: HandOverOptions, name: string, folder: string) =>
        withLab(context, async (lab) => {
          const study = await findStudy(lab, name)
          const corpus = await corpusReady(lab, study.corpusId, context)
          await tokensReady(lab, corpus, study.tokenizer, context)
          const plans = await lab.planStudy(study.id)
          const chosen = membersMeant(plans, study.ladder, member)
          const target = resolve(folder)
          const cluster = { ...plainCluster('files', '.'), ...(gpu ? { card: gpu } : {}) }
          const ids = chosen.map(({ memberId }) => memberId)
          const runs = await lab.handOver(study.id, ids, cluster, target, torchOf({ gpus })!)
          return {
            document: { folder: target, runs },
            text: `${runsText(runs)}\nWhere PyTorch is, in the folder:  bash train.sh\nThen bring it back, and:  isoflop take ${folder}`,
          }
        }),
      ),
    )
}
