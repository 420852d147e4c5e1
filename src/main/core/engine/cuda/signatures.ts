// The kernels of src/native/cuda by name, and the type of each argument: p address, i int, l 64-bit int, f float.

export const kernelSignatures = {
  fill: 'p f l',
  axpy: 'p p f l',
  gelu: 'p p i l',
  geluBackward: 'p p p i l',
  gatherRows: 'p p p i l',
  embedding: 'p p p p p i i f l',
  embeddingBackwardTokens: 'p p p p p i f',
  embeddingBackwardPositions: 'p p i i i f l',
  layerNorm: 'p p p p p p i i',
  layerNormBackward: 'p p p p p p p i i',
  columnSums: 'p p p p p p i i i',
  addParts: 'p p i l',
  product64: 'p p p p p i i i i f i',
  product128: 'p p p p p i i i i f i',
  productBTransposed64: 'p p p p p i i i i f i',
  productBTransposed128: 'p p p p p i i i i f i',
  productATransposed64: 'p p p p p i i i i f i',
  productATransposed128: 'p p p p p i i i i f i',
  attention: 'p p p p p p i i l i i f',
  attentionMeans: 'p p p i i',
  attentionBackwardQueries: 'p p p p p i i i f',
  attentionBackwardKeys: 'p p p p p i i i f',
  appendKeys: 'p p p i i i i l',
  crossEntropy: 'p p p i i f',
  argmax: 'p p i',
  squareSums: 'p i p',
  rootOfSum: 'p i p',
  adamW: 'p i f f f f f f f f',
} as const

export type KernelName = keyof typeof kernelSignatures
