// What the benchmark of the cluster takes from the lab's sources.
export { createEngine } from '../../src/main/core/engine/create.ts'
export { createStreamingEngine } from '../../src/main/core/cluster-training/engine.ts'
export { forkNodeWorker } from '../../src/main/platform/processes/node.ts'
export { partsOn } from '../../src/main/platform/processes/parts.ts'
export { createRandom } from '../../src/shared/random.ts'
