// The cost model's answers as a person reads them in a terminal.
import type { GpuMachine, WaferMachine } from '#shared/cluster/machine.ts'
import type { SearchResult } from '#shared/cluster/search.ts'
import type { GpuAnswer, StreamingAnswer } from '#shared/cluster/answer.ts'
import type { TableReport } from '#shared/cluster/validation.ts'
import { duration, short, table } from './amounts.ts'

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`
const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`
const time = (seconds: number): string =>
  seconds < 1 ? `${(seconds * 1000).toPrecision(3)} ms` : `${seconds.toPrecision(4)} s`

const partsOf = (breakdown: object, whole: number): string =>
  table(
    ['part', 'time', 'share'],
    (Object.entries(breakdown) as [string, number][])
      .filter(([, seconds]) => seconds > 0)
      .map(([name, seconds]) => [name, time(seconds), percent(seconds / whole)]),
  )

function closing(answer: GpuAnswer | StreamingAnswer, deviceWatts: number): string[] {
  const { training, expectedError, unverified } = answer
  return [
    ...(training
      ? [
          `${training.steps} steps: ${duration(training.seconds)}, ${short(training.deviceHours)} device-hours, ${short(training.energyKilowattHours * 1000)} Wh` +
            ` (${deviceWatts} W a device, facility 1.1)${training.money === null ? '' : `, ${short(training.money)} in your currency`}`,
        ]
      : []),
    `Validation: ${expectedError.share === null ? '' : `±${percent(expectedError.share, 0)}. `}${expectedError.from}.`,
    ...(unverified.length > 0 ? [`Unverified or assumed figures of this machine: ${unverified.join(', ')}.`] : []),
  ]
}

export function gpuText(answer: GpuAnswer, machine: GpuMachine): string {
  const { plan, stepSeconds, breakdown, memory } = answer
  return [
    `${answer.model} on ${plan.devices} x ${machine.name}: data ${answer.dataDegree} x tensor ${plan.tensor} x pipeline ${plan.pipeline}, ${answer.microBatches} micro-batches of ${plan.microBatch}`,
    `${time(stepSeconds)} a step, ${short(answer.tokensPerSecond)} tokens/s, MFU ${percent(answer.mfu)}, HFU ${percent(answer.hfu)} (${answer.utilisationConvention})`,
    partsOf(breakdown, stepSeconds),
    `memory: ${gibibytes(answer.memoryBytesPerDevice)} of ${gibibytes(machine.memoryBytes)} on stage ${memory.stage + 1} of ${plan.pipeline}` +
      ` (weights ${gibibytes(memory.weights)}, gradients ${gibibytes(memory.gradients)}, optimizer ${gibibytes(memory.optimizer)}, activations ${gibibytes(memory.activations)}): ${answer.fits ? 'fits' : 'does not fit'}`,
    ...closing(answer, machine.deviceWatts),
  ].join('\n')
}

export function streamingText(answer: StreamingAnswer, machine: WaferMachine): string {
  const { plan, stepSeconds } = answer
  return [
    `${answer.model} on ${plan.systems} x ${machine.name}: ${plan.batch} sequences per step, ${plan.microBatch} through each pass of the weights`,
    `${time(stepSeconds)} a step, ${short(answer.tokensPerSecond)} tokens/s, MFU ${percent(answer.mfu)} of the dense peak; ${answer.speedup.toFixed(1)} x one system`,
    partsOf(answer.breakdown, stepSeconds),
    `stream: ${short(answer.tokensPerPass)} tokens per pass; above ${short(answer.criticalTokens)} the wafer is the limit, below it the stream`,
    `store: ${short(answer.storeOutBytes)}B out and ${short(answer.storeInBytes)}B in a step, for any number of systems; holds ${short(answer.storeBytes)}B${answer.storeFits ? '' : ', more than it has'}`,
    `wafer: ${short(answer.memoryBytesPerDevice)}B of ${short(machine.memoryBytes)}B${answer.fits ? '' : ': does not fit; what is really kept on a wafer is not published'}`,
    ...closing(answer, machine.systemWatts),
  ].join('\n')
}

export function searchText({ best, pareto, plans, evaluated, possible }: SearchResult, seconds: number): string {
  const row = ({ plan, stepSeconds, memoryBytesPerDevice, mfu, because }: SearchResult['best'][number]) => [
    `${plan.devices / plan.tensor / plan.pipeline} x ${plan.tensor} x ${plan.pipeline}`,
    String(plan.devices),
    String(plan.interleave),
    String(plan.microBatch),
    plan.recompute,
    plan.sequenceParallel ? 'yes' : 'no',
    String(plan.zero),
    time(stepSeconds),
    percent(mfu),
    gibibytes(memoryBytesPerDevice),
    because,
  ]
  const head = [
    'data x tensor x pipeline',
    'devices',
    'chunks',
    'micro-batch',
    'recompute',
    'sequence',
    'ZeRO',
    'step',
    'MFU',
    'memory',
    'behind because',
  ]
  return [
    `${plans} plans in ${seconds.toFixed(1)} s: ${evaluated} estimated, ${plans - evaluated} refused or cut, ${possible} possible`,
    'Fastest:',
    table(head, best.map(row)),
    'None is faster with less memory and as few devices:',
    table(head, pareto.slice(0, 20).map(row)),
  ].join('\n')
}

export function validationText(reports: readonly TableReport[]): string {
  const head = [
    'table',
    'part',
    'rows',
    'mean',
    'median',
    'bias',
    'largest',
    'Calculon',
    'same rows',
    'memory',
    'OOM right',
    'fit right',
    'tau',
  ]
  const cell = (errors: { mean: number } | null) => (errors ? percent(errors.mean) : '')
  return table(
    head,
    reports.map(({ table: name, part, time: errors, calculon, sameRows, memory, outOfMemory, fitting, ranking }) => [
      name,
      part,
      String(errors?.rows ?? 0),
      cell(errors),
      errors ? percent(errors.median) : '',
      errors ? percent(errors.bias) : '',
      errors ? percent(errors.largest, 0) : '',
      cell(calculon),
      cell(sameRows),
      cell(memory),
      outOfMemory ? `${outOfMemory.right}/${outOfMemory.rows}` : '',
      fitting ? `${fitting.right}/${fitting.rows}` : '',
      ranking ? ranking.tau.toFixed(2) : '',
    ]),
  )
}
