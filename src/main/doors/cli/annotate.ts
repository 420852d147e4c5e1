// `isoflop annotate`: tags and a note on a run or a study, to find it by later.
import type { Annotation } from '#shared/annotation.ts'
import { findRun, findStudy } from './find.ts'
import { withLab } from './lab.ts'
import { usageError, type CommandPart } from './program.ts'

interface AnnotateOptions {
  tag?: string[]
  untag?: string[]
  note?: string
  study?: boolean
}

export const annotateCommand: CommandPart = (program, act) => {
  program
    .command('annotate')
    .description('put tags and a note on a run or a study')
    .argument('<name>', 'a run: its id, its name, or `last`; with --study a study')
    .option('--study', 'it is a study')
    .option('--tag <tag...>', 'tags to add')
    .option('--untag <tag...>', 'tags to take away')
    .option('--note <text>', 'the note, in place of the one before')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop annotate last --tag baseline
  $ isoflop annotate Demo --study --note "Bytes, context 128."

isoflop runs --tag baseline lists them.`,
    )
    .action(
      act((context, { tag = [], untag = [], note, study }: AnnotateOptions, wanted: string) =>
        withLab(context, async (lab) => {
          if (tag.length + untag.length === 0 && note === undefined)
            throw usageError('What shall be noted? Give --tag, --untag or --note.')
          const kind = study ? 'study' : 'run'
          const { id, name } = study ? await findStudy(lab, wanted) : await findRun(lab, wanted)
          const known = (await lab.listAnnotations()).find((one) => one.kind === kind && one.id === id)
          const tags = [...(known?.tags ?? []), ...tag].filter((one) => !untag.includes(one))
          const annotation = await lab.annotate(kind, id, { tags, note })
          return { document: { annotation }, text: `${name}: ${annotationText(annotation)}` }
        }),
      ),
    )
}

const annotationText = ({ tags, note }: Annotation): string =>
  [tags.length > 0 ? tags.join(', ') : 'no tags', note].filter(Boolean).join('\n')
