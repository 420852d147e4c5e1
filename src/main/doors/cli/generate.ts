// `isoflop generate`: lets a trained model go on from a text.
import { resolve } from 'node:path'
import { Option } from 'commander'
import { precisions, type Precision } from '#shared/engine.ts'
import type { Subject } from '#shared/subject.ts'
import { parseNumber, parseWhole } from './amounts.ts'
import { findSubject } from './find.ts'
import { readLab, unlessInterrupted } from './lab.ts'
import { subjectDocument } from './models.ts'
import { type CommandPart, usageError } from './program.ts'

interface GenerateCommandOptions {
  prompt: string
  tokens: number
  temperature: number
  topK: number
  topP: number
  seed: number
  precision?: Precision
  step?: number
  checkpoint?: string
}

export const generateCommand: CommandPart = (program, act) => {
  program
    .command('generate')
    .argument('[run]', 'the run: its id, its name, or `last`; or an imported model')
    .option('--checkpoint <dir>', 'instead of a run: a Hugging Face folder')
    .description('continue a text with a trained model')
    .requiredOption('--prompt <text>', 'the beginning')
    .option('--tokens <count>', 'tokens to add', parseWhole(1, 100_000), 100)
    .option('--temperature <number>', '0 takes the most likely token each time', parseNumber(0, 100), 0.8)
    .option('--top-k <count>', 'choose among the k most likely; 0 for all', parseWhole(0, 1_000_000), 40)
    .option('--top-p <share>', 'choose among the most likely that make up this share', parseNumber(1e-9, 1), 1)
    .option('--seed <number>', 'the same seed gives the same text', parseWhole(0, 0xffff_ffff), 0)
    .addOption(new Option('--precision <name>', 'of the products; fp32 where it is not said').choices([...precisions]))
    .option('--step <step>', 'the checkpoint of this step; else the last', parseWhole(0))
    .addHelpText(
      'after',
      `
Example:
  $ isoflop generate last --prompt "It is a truth" --tokens 60`,
    )
    .action(
      act(
        async (
          context,
          { prompt, tokens, temperature, topK, topP, seed, precision, step, checkpoint }: GenerateCommandOptions,
          wanted?: string,
        ) => {
          if ((wanted === undefined) === (checkpoint === undefined))
            throw usageError('Either a run or --checkpoint says which model is to write.')
          const options = { prompt, tokens, temperature, topK, topP, seed, precision, candidates: 0 }
          return readLab(context, async (lab) => {
            const subject: Subject =
              checkpoint !== undefined
                ? { kind: 'folder', path: resolve(checkpoint) }
                : await findSubject(lab, wanted!, step)
            const {
              text,
              tokens: added,
              tokensPerSecond,
            } = await unlessInterrupted(context.signal, lab.generate(subject, options, 'cli'))
            const document = { ...subjectDocument(subject), prompt, text, tokens: added.length, tokensPerSecond }
            return { document, text: prompt + text }
          })
        },
      ),
    )
}
