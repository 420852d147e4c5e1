// A step on an emulated cluster against the plain trainer's, in turns on the same machine, model and batches:
//   node test/bench/streaming.mjs [--systems 2] [--threads 2] [--width 192] [--layers 6] [--context 128] [--rows 32]
// [--vocabulary 512] [--turns 12] [--steps 4]
// Build first: npm run build. Prints one JSON document; `ratio` is the median over turns of cluster time / plain time,
// below 1.15 on 2 cores.
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundle, root } from '../../scripts/bundle.mjs'

const defaults = {
  systems: 2,
  threads: 2,
  width: 192,
  layers: 6,
  context: 128,
  rows: 32,
  vocabulary: 512,
  turns: 12,
  steps: 4,
}
const { values } = parseArgs({
  options: Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: String(value) }]),
  ),
})
const { systems, threads, width, layers, context, rows, vocabulary, turns, steps } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
)

const { createStreamingEngine, createEngine, forkNodeWorker, partsOn, createRandom } = createRequire(import.meta.url)(
  await bundle('test/bench/streaming-parts.ts', 'bench-streaming'),
)

const heads = Math.max(1, Math.floor(width / 32))
const kinds = (value) => ({
  embedding: value,
  position: value,
  norm: value,
  bias: value,
  matrix: value,
  residual: value,
})
const model = {
  shape: { layers, width, heads, context, vocabulary },
  activation: 'gelu',
  seed: 1,
  parametrisation: {
    embeddingScale: 1,
    attentionScale: 1 / Math.sqrt(width / heads),
    outputScale: 1,
    initStd: kinds(0.02),
    learningRateScale: kinds(1),
  },
}
const adam = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 }
const random = createRandom(3)
const batch = () => {
  const ids = Int32Array.from({ length: rows * context + 1 }, () => random.integer(vocabulary))
  return { inputs: ids.slice(0, -1), targets: ids.slice(1), rows, columns: context }
}
const measured = []
const plain = await createEngine('native', model, { threads })
const cluster = await createStreamingEngine(model, {
  systems,
  engine: 'native',
  threads,
  start: partsOn(forkNodeWorker(join(root, 'out/main/worker.js'))),
  name: 'bench',
  onStep: (step) => measured.push(step),
})
const take = async (engine, batches) => {
  const startMs = performance.now()
  const losses = []
  for (const one of batches) {
    losses.push(await engine.accumulate(one, 1))
    await engine.update(1e-3, adam)
  }
  return { ms: (performance.now() - startMs) / batches.length, losses }
}
try {
  const pairs = []
  let difference = 0
  for (let turn = -2; turn < turns; turn++) {
    const batches = Array.from({ length: steps }, batch)
    const order = turn % 2 === 0 ? [plain, cluster] : [cluster, plain]
    const [first, second] = [await take(order[0], batches), await take(order[1], batches)]
    const [alone, together] = turn % 2 === 0 ? [first, second] : [second, first]
    difference = Math.max(difference, ...alone.losses.map((loss, i) => Math.abs(together.losses[i] / loss - 1)))
    if (turn >= 0) pairs.push({ plainMs: alone.ms, clusterMs: together.ms, ratio: together.ms / alone.ms })
  }
  const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
  const late = measured.slice(2 * steps)
  const of = (value) => median(late.map(value))
  console.log(
    JSON.stringify(
      {
        cpu: cpus()[0].model,
        cores: cpus().length,
        systems,
        threads,
        shape: model.shape,
        tokens: rows * context,
        turns,
        steps,
        ratio: median(pairs.map(({ ratio }) => ratio)),
        plainMs: median(pairs.map(({ plainMs }) => plainMs)),
        clusterMs: median(pairs.map(({ clusterMs }) => clusterMs)),
        bestPlainMs: Math.min(...pairs.map(({ plainMs }) => plainMs)),
        bestClusterMs: Math.min(...pairs.map(({ clusterMs }) => clusterMs)),
        stepMs: 1000 * of(({ stepSeconds }) => stepSeconds),
        computeMs: 1000 * of(({ layers: all }) => all.reduce((sum, { computeSeconds }) => sum + computeSeconds, 0)),
        exposedMs:
          1000 * of(({ layers: all }) => all.reduce((sum, one) => sum + one.receiveSeconds - one.hiddenSeconds, 0)),
        updateMs: 1000 * of(({ updateSeconds }) => updateSeconds),
        overlap: of(({ overlap }) => overlap),
        largestLossDifference: difference,
        transferMs: 1000 * late[late.length - 1].transferSeconds,
        layers: late[late.length - 1].layers,
        bytes: late[late.length - 1].bytes,
      },
      null,
      2,
    ),
  )
} finally {
  plain.dispose()
  await cluster.close()
}
