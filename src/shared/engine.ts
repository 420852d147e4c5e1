// The engines by name, and what is known of each on this machine.

/** `reference` is the slow, obvious one: tests, and the last resort. */
export const engineNames = ['native', 'gpu', 'cuda', 'tensorflow', 'wasm', 'reference'] as const
export type EngineName = (typeof engineNames)[number]

/** Of a training's products and of what lies between them; sums, weights, norms, softmax and loss are fp32 in both. */
export const precisions = ['fp32', 'bf16'] as const
export type Precision = (typeof precisions)[number]

/** Engines that train in bf16. */
export const halfEngines: readonly EngineName[] = ['native', 'cuda']

/** Why an engine cannot do bf16, and what can. */
export const noHalf = (engine: EngineName): string =>
  `The engine ${engine} computes in fp32 alone. Choose fp32, or one of the engines that compute in bf16 too: ${halfEngines.join(', ')}.`

/** What a probe in a process of its own found out about one engine. */
export interface EngineProbe {
  name: EngineName
  isAvailable: boolean
  /** For people: "libtensorflow 2.21 on 2 CPU threads", or why it is not available and what would make it so. */
  description: string
  /** Measured on the probe's small training step; null where the engine did not run. */
  tokensPerSecond: number | null
  flopsPerSecond: number | null
  /** Memory of the graphics card it runs on, as far as that is known; absent where it is the computer's. */
  cardMemoryBytes?: number | null
}

/** Training FLOP/s at a width. */
export interface MeasuredRate {
  width: number
  flopsPerSecond: number
  /** fp32 where it is not said. */
  precision?: Precision
}

/** What this machine can do, measured once and kept; `null` rates mean not measured yet. */
export interface Machine {
  cpu: string
  cores: number
  memoryBytes: number
  /** Of the graphics card on which the chosen engine trains; null where it trains in the computer's memory. */
  cardMemoryBytes: number | null
  /** Which engine trains, and the sentence that says why it was chosen. */
  engine: EngineName
  reason: string
  probes: EngineProbe[]
  /** By model width, measured for about two seconds in each precision; the plan's time estimates interpolate it. */
  calibration: MeasuredRate[]
  measuredMs: number | null
}
