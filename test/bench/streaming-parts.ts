// What the benchmark of the cluster takes from the lab's sources.
export { createEngine } from '../../src/main/engine/create.ts'
export { createStreamingEngine } from '../../src/main/streaming/engine.ts'
export { forkNodeWorker } from '../../src/main/work/node.ts'
export { partsOn } from '../../src/main/work/parts.ts'
export { createRandom } from '../../src/shared/random.ts'
