// `isoflop emulate`: what a training would take on real machines; the best plans; and how far predictions are from
// published measurements.
import { Option } from 'commander'
import { Fault } from '#shared/fault.ts'
import { readMachine, withFigures, type Machine } from '#shared/cluster/machine.ts'
import { readGpuPlan, readStreamingPlan, type GpuPlan } from '#shared/cluster/plan.ts'
import { readModel, type ClusterModel } from '#shared/cluster/transformer.ts'
import { answerGpu, answerStreaming, type Training } from '#shared/cluster/answer.ts'
import { fittingPlans, nearestPlans, nearestStreamingPlans } from '#shared/cluster/nearest.ts'
import { findMachine, findModel, machines, models } from '#shared/cluster/presets.ts'
import { readJson } from '#main/platform/disk/files.ts'
import { parseAmount, parseNumber, parseWhole } from './amounts.ts'
import { changed, nearbyText, orNearest } from './emulate-nearest.ts'
import { search } from './emulate-search.ts'
import { gpuText, streamingText } from './emulate-text.ts'
import { validate } from './emulate-validate.ts'
import type { Answer, CommandContext, CommandPart } from './program.ts'

interface EmulateOptions {
  model?: string
  machine?: string
  devices?: number[]
  tensor: number
  pipeline: number
  interleave: number
  schedule: GpuPlan['schedule']
  microBatch?: number
  batch?: number
  recompute: GpuPlan['recompute']
  sequenceParallel?: boolean
  zero: string
  attention: GpuPlan['attention']
  precision: GpuPlan['precision']
  gradientBytes: string
  overlapTensor: boolean
  overlapData?: boolean
  scatterGather: boolean
  embeddingsAsLayers?: boolean
  shardUnit: GpuPlan['shardUnit']
  kernels?: GpuPlan['kernels']
  systems?: number
  activations: 'boundaries' | 'all'
  utilisation?: number
  network?: number
  context?: number
  tokens?: number
  price?: number
  availability: number
  timeline?: boolean
  search?: boolean
  memory?: number
  seconds?: number
  validate?: string
  crossValidate?: boolean
  rows?: boolean
}

const degree = parseWhole(1, 1e6)

export const emulateCommand: CommandPart = (program, act) => {
  program
    .command('emulate')
    .description(
      'what a training would take on GPUs or wafer-scale systems: time, memory, energy; the best plans; the error of such predictions',
    )
    .option('--model <model>', `one of the catalogue, or a JSON file: ${models.map(({ id }) => id).join(', ')}`)
    .option('--machine <machine>', `one of the catalogue, or a JSON file: ${machines.map(({ id }) => id).join(', ')}`)
    .option('--devices <count>', 'GPUs; with --search it may be given again', (one: string, all: number[] = []) => [
      ...all,
      degree(one),
    ])
    .option('--batch <sequences>', 'sequences per step, all devices together', degree)
    .option('--micro-batch <sequences>', 'sequences that go through together', degree)
    .option('--tensor <degree>', 'tensor parallelism', degree, 1)
    .option('--pipeline <stages>', 'pipeline parallelism', degree, 1)
    .option('--interleave <chunks>', 'model chunks a stage holds', degree, 1)
    .addOption(new Option('--schedule <schedule>', 'of the pipeline').choices(['1f1b', 'gpipe']).default('1f1b'))
    .addOption(
      new Option('--recompute <what>', 'activations computed again')
        .choices(['none', 'selective', 'full'])
        .default('none'),
    )
    .option('--sequence-parallel', 'cut norms and dropouts along the sequence too')
    .addOption(
      new Option('--zero <stage>', 'shared over data ranks: 1 optimizer, 2 gradients, 3 weights')
        .choices(['0', '1', '2', '3'])
        .default('0'),
    )
    .addOption(
      new Option('--attention <kind>', 'scores written to memory, or fused')
        .choices(['plain', 'flash'])
        .default('plain'),
    )
    .addOption(new Option('--precision <format>', 'of products').choices(['fp16', 'bf16', 'fp8']).default('bf16'))
    .addOption(new Option('--gradient-bytes <bytes>', 'kept for each parameter').choices(['2', '4', '6']).default('4'))
    .option('--no-overlap-tensor', 'backward all-reduces of tensor parallelism hide behind nothing')
    .option('--overlap-data', 'gradients are reduced in buckets beside the backward pass')
    .option('--no-scatter-gather', 'every tensor rank sends the whole tensor to the next stage')
    .option('--embeddings-as-layers', 'embedding and head count as a layer each when stages are cut')
    .addOption(
      new Option('--shard-unit <unit>', 'what ZeRO-3 gathers at once').choices(['layer', 'tensor']).default('layer'),
    )
    .addOption(
      new Option(
        '--kernels <kind>',
        'how the trainer is written: an operator a kernel (PyTorch FSDP), joined by hand (Megatron), or compiled; else separate from ZeRO-2 on and fused below',
      ).choices(['separate', 'fused', 'compiled']),
    )
    .option('--systems <count>', 'wafer-scale systems', degree)
    .addOption(new Option('--activations <what>', 'a wafer keeps').choices(['boundaries', 'all']).default('boundaries'))
    .option('--utilisation <share>', "of a wafer's peak: unpublished, your assumption", parseNumber(0.001, 1))
    .option('--network <bytes>', 'bytes per second between nodes, a whole node each way: 200G', parseAmount)
    .option('--context <tokens>', "tokens of a sequence instead of the model's", degree)
    .option('--tokens <amount>', 'of the whole training: adds time, energy and money', parseAmount)
    .option('--price <amount>', 'of one device for an hour', parseNumber(0, 1e6))
    .option('--availability <share>', 'of the time that makes progress', parseNumber(0.01, 1), 1)
    .option('--timeline', 'add the schedule, event by event')
    .option('--search', 'try every plan and show the best')
    .option('--memory <bytes>', 'with --search: at most this much on a device', parseAmount)
    .option('--seconds <seconds>', 'with --search: at most this long a step', parseNumber(1e-6, 1e9))
    .option('--validate <file>', 'predict every row of a file of published measurements, and show the errors')
    .option('--cross-validate', 'with --validate: fit to four fifths of the plans, judge on the fifth; slower')
    .option('--rows', "with --validate: every row's prediction too")
    .addHelpText(
      'after',
      `
Examples:
  $ isoflop emulate --model gpt3-175b --machine a100-80 --devices 64 --tensor 8 --pipeline 8 --batch 64 --recompute selective --sequence-parallel
  $ isoflop emulate --model cerebras-gpt-13b --machine cs2 --systems 16 --batch 1088
  $ isoflop emulate --model gpt3-175b --machine a100-80 --devices 512 --batch 1536 --search
  $ isoflop emulate --validate cluster-validation.json --json`,
    )
    .action(act(emulate))
}

async function emulate(context: CommandContext, options: EmulateOptions): Promise<Answer> {
  if (options.validate !== undefined) return validate(options.validate, options)
  const model = await modelOf(options)
  const machine = await machineOf(options)
  const training: Training = {
    tokens: options.tokens ?? null,
    pricePerDeviceHour: options.price ?? null,
    availability: options.availability,
  }
  if (machine.kind === 'wafer') return streaming(model, machine, options, training)
  if (options.systems !== undefined)
    throw new Fault(
      'bad-input',
      `--systems ${options.systems} is for wafer-scale machines; ${machine.name} takes --devices.`,
    )
  if (options.devices === undefined) throw new Fault('bad-input', 'Say how many GPUs: --devices 64.')
  if (options.batch === undefined) throw new Fault('bad-input', 'Say how many sequences per step: --batch 64.')
  if (options.search) {
    const { devices, batch, memory: memoryBytes, seconds: stepSeconds } = options
    return search(context, model, machine, { devices, batch, memoryBytes, stepSeconds, base: sharedOf(options) })
  }
  if (options.devices.length > 1)
    throw new Fault('bad-input', `Several --devices (${options.devices.join(', ')}) are for --search.`)
  const plan = gpuPlanOf(options, options.devices[0], options.batch)
  const answer = orNearest(
    () => answerGpu(model, plan, machine, training),
    () => nearestPlans(model, plan, machine),
  )
  const fitting = answer.fits ? [] : fittingPlans(model, plan, machine)
  const timeline = options.timeline
    ? { timeline: (await import('#shared/cluster/timeline.ts')).gpuTimeline(model, plan, machine) }
    : {}
  return {
    document: { ...answer, ...timeline, ...(answer.fits ? {} : { fitting: fitting.map(changed) }) },
    text: [gpuText(answer, machine), ...(fitting.length ? [`It fits with: ${nearbyText(fitting)}`] : [])].join('\n'),
  }
}

/** The options that name a plan; a search leaves degrees to be found. */
const gpuPlanOf = (options: EmulateOptions, devices: number, batch: number): GpuPlan =>
  readGpuPlan({
    devices,
    batch,
    tensor: options.tensor,
    pipeline: options.pipeline,
    interleave: options.interleave,
    microBatch: options.microBatch,
    recompute: options.recompute,
    sequenceParallel: options.sequenceParallel,
    zero: Number(options.zero),
    ...sharedOf(options),
  })

const sharedOf = (options: EmulateOptions): Partial<GpuPlan> => {
  const {
    schedule,
    attention,
    precision,
    gradientBytes,
    overlapTensor,
    overlapData,
    scatterGather,
    embeddingsAsLayers,
    shardUnit,
    kernels = Number(options.zero) >= 2 ? 'separate' : 'fused',
  } = options
  return {
    schedule,
    attention,
    precision,
    gradientBytes: Number(gradientBytes) as GpuPlan['gradientBytes'],
    overlapTensor,
    overlapData: overlapData ?? false,
    scatterGather,
    embeddingsAsLayers: embeddingsAsLayers ?? false,
    shardUnit,
    kernels,
  }
}

async function streaming(
  model: ClusterModel,
  machine: Machine & { kind: 'wafer' },
  options: EmulateOptions,
  training: Training,
): Promise<Answer> {
  if (options.search)
    throw new Fault(
      'bad-input',
      'Weight streaming leaves nothing to search: its plan is a number of systems and a batch.',
    )
  if (options.devices !== undefined) throw new Fault('bad-input', `${machine.name} takes --systems, not --devices.`)
  const systems = options.systems ?? 1
  const plan = readStreamingPlan({
    systems,
    batch: options.batch ?? systems * 64,
    microBatch: options.microBatch,
    activations: options.activations,
  })
  const answer = orNearest(
    () => answerStreaming(model, plan, machine, training),
    () => nearestStreamingPlans(plan, machine),
  )
  const timeline = options.timeline
    ? { timeline: (await import('#shared/cluster/streaming.ts')).streamingEvents(model, plan, machine) }
    : {}
  return { document: { ...answer, ...timeline }, text: streamingText(answer, machine) }
}

async function modelOf({ model, context }: EmulateOptions): Promise<ClusterModel> {
  if (model === undefined) throw new Fault('bad-input', `Say which model: --model ${models[0].id}.`)
  const found = model.endsWith('.json') ? readModel(await readJson(model)) : findModel(model)
  return context === undefined ? found : { ...found, context }
}

async function machineOf({ machine, network, utilisation }: EmulateOptions): Promise<Machine> {
  if (machine === undefined) throw new Fault('bad-input', 'Say which machine: --machine a100-80.')
  const found = machine.endsWith('.json') ? readMachine(await readJson(machine)) : findMachine(machine)
  if (network !== undefined && found.kind !== 'gpu')
    throw new Fault('bad-input', `--network is for GPUs; ${found.name} streams over its own fabric.`)
  if (utilisation !== undefined && found.kind !== 'wafer')
    throw new Fault('bad-input', '--utilisation is an assumption of wafer-scale machines; that of GPUs is estimated.')
  const changes = {
    ...(network === undefined ? {} : { networkBytesPerSecond: network }),
    ...(utilisation === undefined ? {} : { utilisation }),
  }
  return Object.keys(changes).length === 0 ? found : withFigures(found, changes)
}
