// `isoflop bench`: how fast each engine here trains, and what it needs for it.
import { InvalidArgumentError, Option } from 'commander'
import { engineNames, type EngineName } from '#shared/engine.ts'
import { benchKinds, benchShapes, parseBenchShape, type BenchKind, type BenchShape } from '#main/core/bench/task.ts'
import { parseNumber, parseWhole } from './amounts.ts'
import type { CommandPart } from './program.ts'

interface BenchCommandOptions {
  engine?: EngineName
  against?: 'pytorch'
  profile?: boolean
  compile: boolean
  threads: number
  shape?: BenchShape[]
  only?: BenchKind[]
  pairs: number
  seconds: number
  python?: string
}

/** What a measuring process is started with: not for people, so not in the help. */
const childCommand = 'bench-child'

/** commander's parser of one shape after another. */
function collectShapes(text: string, before: BenchShape[] = []): BenchShape[] {
  const shape = benchShapes.find(({ name }) => name === text) ?? parseBenchShape(text)
  if (shape) return [...before, shape]
  throw new InvalidArgumentError(
    'A, B, C or D, or six numbers: vocabulary, width, layers, heads, context, sequences, like 8192,512,8,8,512,4.',
  )
}

export const benchCommand: CommandPart = (program, act) => {
  program
    .command('bench')
    .description('measure tokens per second and peak memory of every engine')
    .addOption(new Option('--engine <engine>', 'only this one').choices([...engineNames]))
    .addOption(
      new Option('--against <peer>', 'measure beside it, slice by slice, and give the ratio').choices(['pytorch']),
    )
    .option('--no-compile', 'leave torch.compile out, which takes a minute a shape on a graphics card')
    .option('--profile', 'how long each kernel takes')
    .option('--threads <count>', 'CPU threads; 0 for the physical cores', parseWhole(0, 1024), 0)
    .addOption(
      new Option('--shape <shape...>', 'only these: A, B, C, D, or V,d,L,h,T,B of your own').argParser(collectShapes),
    )
    .addOption(
      new Option('--only <what...>', 'only these measurements; products need --against').choices([...benchKinds]),
    )
    .option('--pairs <count>', 'slices of each, in turn', parseWhole(1, 1000), 7)
    .option('--seconds <seconds>', 'length of a slice', parseNumber(0.05, 600), 2)
    .option('--python <path>', 'a Python with PyTorch (or ISOFLOP_PYTHON)')
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop bench --json
  $ isoflop bench --engine native --against pytorch --shape C`,
    )
    .action(
      act(async ({ terminal, signal, parts }, options: BenchCommandOptions) => {
        const { runBench } = await import('#main/core/bench/bench.ts')
        const { describeBench } = await import('#main/core/bench/report.ts')
        const report = await runBench(
          {
            engine: options.engine ?? null,
            against: options.against ?? null,
            compiled: options.compile,
            profile: options.profile ?? false,
            threads: options.threads,
            shapes: options.shape ?? [],
            only: options.only ?? [],
            pairs: options.pairs,
            sliceSeconds: options.seconds,
            python: options.python ?? null,
            child: { program: process.execPath, args: [parts.cli, childCommand] },
            signal,
          },
          terminal.note,
        )
        return { document: report, text: describeBench(report) }
      }),
    )
  program.command(childCommand, { hidden: true }).action(
    act(async () => {
      await (await import('#main/core/bench/child.ts')).runBenchChild()
      return null
    }),
  )
}
