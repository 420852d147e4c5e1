// A training on an emulated wafer-scale cluster, as it is measured while it goes on: traffic, memory and time of every
// step.

/** Most systems of one cluster. */
export const mostSystems = 16
/** Each node of the fabric's tree serves at most so many below it. */
export const fabricFanOut = 4

/** Which process of the cluster: systems are counted from 0. */
export type ClusterPart = 'store' | 'fabric' | { system: number }

/** What a run on a cluster is started with besides its member; the number of systems changes nothing else. */
export interface ClusterChoice {
  /** 1 to `mostSystems`. */
  systems: number
  /**
   * Most bytes of weights that one system may hold at a time; absent: the embeddings and two layers, which is what it
   * needs.
   */
  systemWeightBytes?: number
}

/** 43.9k ×4 systems: a run on an emulated cluster is told from its plain twin wherever its name stands. */
export function emulatedName(name: string, systems: number | undefined): string {
  if (systems === undefined) return name
  const suffix = ` ×${systems} ${systems === 1 ? 'system' : 'systems'}`
  return name.endsWith(suffix) ? name : name + suffix
}

/**
 * One layer of one step: seconds of all its passes, on the system that took longest. `embeddings` stands for both ends
 * of the model.
 */
export interface StreamedLayer {
  name: string
  /** Its weights on their way: out of the store, through the fabric, into the system. */
  receiveSeconds: number
  /** Forward and backward. */
  computeSeconds: number
  /** The part of `receiveSeconds` that passed while the system computed something else. */
  hiddenSeconds: number
}

/** One update of a training on a cluster, as measured; bytes are payload, counted where they are written and read. */
export interface StreamingStep {
  /** Updates done, 1 for the first; the same number as in its StepRecord. */
  step: number
  /** Nats per token. */
  loss: number
  bytes: {
    /** Weights sent by the store: the same for any number of systems. */
    storeOut: number
    /** Gradients that reached the store, summed: the same for any number of systems. */
    storeIn: number
    /** Weights to all systems and summed gradients to the store. */
    fabricOut: number
    /** Weights from the store and gradients of all systems. */
    fabricIn: number
    systems: { in: number; out: number }[]
  }
  /** Most bytes of weights that each system held at any moment since its process began. */
  residentWeightBytes: number[]
  /** What a system may hold. */
  systemWeightBytes: number
  /** All weights of the model. */
  modelBytes: number
  layers: StreamedLayer[]
  stepSeconds: number
  /** The store's update, in which all systems wait. */
  updateSeconds: number
  /**
   * A pass in which nobody computes, tried before the first step: its transfers with nothing to hide them. Absent in
   * old records.
   */
  transferSeconds?: number
  /** Share of the transfers hidden under computation, 0 to 1. */
  overlap: number
  /** Systems whose process is there. */
  systemsAlive: number
  /** Processes of the cluster that ended unexpectedly since this session of the run began. */
  faults: number
}

/**
 * The steps since the last news of this kind: gathered for about 200 ms. A lost message is lost; the run's summary
 * holds the last step.
 */
export interface StreamingNews {
  runId: string
  steps: StreamingStep[]
}
