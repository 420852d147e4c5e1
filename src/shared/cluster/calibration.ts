// The few constants that no datasheet gives: fitted to published step times, the same for every model, plan and GPU.

export interface Calibration {
  /** Of the best matrix product measured on a device, what the large ones of training reach. */
  matmulShare: number
  /** Inner dimension at which a product runs at half its speed. */
  matmulDepth: number
  /** Of the best matrix product, what the batched products of plain attention reach. */
  attentionShare: number
  /** The same for fused attention, counting all of s². */
  flashShare: number
  /**
   * Bytes moved for each attention score in a forward pass of plain attention: written, scaled, masked, dropped, read.
   */
  scoreBytes: number
  /** Bytes moved for norms, biases, dropouts and residuals, as a multiple of one read or write of each tensor. */
  elementwiseShare: number
  /** The same again where each operator is a kernel of its own. */
  separateShare: number
  /** `flashShare` of a framework's own operators on cards since Hopper: that kernel was written for the card before. */
  hopperFlashShare: number
  /** Bytes moved for each logit, forward and backward, by a loss in fp32. */
  logitBytes: number
  /** Of a device's memory bandwidth, what kernels reach. */
  memoryShare: number
  /** Time the host needs to start one block's forward pass. */
  layerHostSeconds: number
  /** Of a node's network, what collectives and sends reach. */
  networkShare: number
  /**
   * Of its share of the network, what each doubling of nodes leaves to a ring that meets others on the ports of its
   * nodes.
   */
  partialRingShare: number
  /** Outside all of this: the optimizer's launches, the loss scale, the data. */
  stepHostSeconds: number
  /** Share of a step lost to waiting for the slowest, for each doubling of nodes. */
  jitter: number
}

export const calibration: Calibration = {
  matmulShare: 0.9903,
  matmulDepth: 449.5,
  attentionShare: 0.5,
  flashShare: 0.7761,
  scoreBytes: 10.57,
  elementwiseShare: 1,
  separateShare: 1.296,
  hopperFlashShare: 0.394,
  logitBytes: 31.69,
  memoryShare: 0.85,
  layerHostSeconds: 0.000758,
  networkShare: 0.95,
  partialRingShare: 0.7182,
  stepHostSeconds: 0.017,
  jitter: 0,
}
