// What the benchmark measures: the shapes of a training step, the matrix products inside them, and one text being
// continued.
import { halfEngines, type EngineName, type Precision } from '#shared/engine.ts'
import type { Activation, GptShape } from '#shared/family/shape.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import { gpt2Plan } from '#main/core/engine/init.ts'

export interface BenchShape {
  /** A, B, C, D, or the six numbers of a shape that a person gave. */
  name: string
  shape: GptShape
  /** Sequences per step. */
  rows: number
  activation: Activation
}

/** Four sizes of a family that a desktop computer trains: 3.75, 0.88, 0.14 and 29.7 million parameters. */
export const benchShapes: BenchShape[] = [
  {
    name: 'A',
    shape: { vocabulary: 2048, width: 256, layers: 4, heads: 4, context: 256 },
    rows: 8,
    activation: 'gelu',
  },
  {
    name: 'B',
    shape: { vocabulary: 512, width: 128, layers: 4, heads: 4, context: 128 },
    rows: 16,
    activation: 'gelu',
  },
  { name: 'C', shape: { vocabulary: 512, width: 64, layers: 2, heads: 2, context: 64 }, rows: 16, activation: 'gelu' },
  {
    name: 'D',
    shape: { vocabulary: 8192, width: 512, layers: 8, heads: 8, context: 512 },
    rows: 4,
    activation: 'gelu',
  },
]

/**
 * "50257,768,12,12,1024,16": vocabulary, width, layers, heads, context and sequences per step; null for another
 * text.
 */
export function parseBenchShape(text: string): BenchShape | null {
  const numbers = text.split(',').map(Number)
  if (numbers.length !== 6 || !numbers.every((number) => Number.isInteger(number) && number > 0)) return null
  const [vocabulary, width, layers, heads, context, rows] = numbers
  if (width % heads !== 0) return null
  return { name: text, shape: { vocabulary, width, layers, heads, context }, rows, activation: 'gelu' }
}

/** c [m, n] = a · b over k; a transposed operand is stored the other way round. */
export interface ProductShape {
  name: string
  m: number
  n: number
  k: number
  aTransposed: boolean
  bTransposed: boolean
}

/** The products of one shape's layers, forward (x·W), gradient of x (dy·Wᵀ) and of W (xᵀ·dy). */
export function layerProducts({ name, shape, rows }: BenchShape): ProductShape[] {
  const { width, context, vocabulary } = shape
  const n = rows * context
  const triple = (label: string, inner: number, outer: number): ProductShape[] => [
    { name: `${name} ${label} x·W`, m: n, n: outer, k: inner, aTransposed: false, bTransposed: false },
    { name: `${name} ${label} dy·Wᵀ`, m: n, n: inner, k: outer, aTransposed: false, bTransposed: true },
    { name: `${name} ${label} xᵀ·dy`, m: inner, n: outer, k: n, aTransposed: true, bTransposed: false },
  ]
  return [
    ...triple('qkv', width, 3 * width),
    ...triple('projection', width, width),
    ...triple('expand', width, 4 * width),
    ...triple('contract', 4 * width, width),
    { name: `${name} head x·Eᵀ`, m: n, n: vocabulary, k: width, aTransposed: false, bTransposed: true },
    { name: `${name} head dy·E`, m: n, n: width, k: vocabulary, aTransposed: false, bTransposed: false },
    { name: `${name} head dyᵀ·x`, m: vocabulary, n: width, k: n, aTransposed: true, bTransposed: false },
  ]
}

/** Training steps, one text token by token, bare matrix products. */
export const benchKinds = ['train', 'generate', 'product'] as const
export type BenchKind = (typeof benchKinds)[number]

/** Products are short: a slice of one takes this share of a slice of training. */
export const productShare = 1 / 8

export const largeProduct: ProductShape = {
  name: '2048³',
  m: 2048,
  n: 2048,
  k: 2048,
  aTransposed: false,
  bTransposed: false,
}

export type BenchTask =
  | ({ kind: 'train' } & BenchShape)
  | ({ kind: 'generate' } & BenchShape)
  | ({ kind: 'product' } & ProductShape)
  | ({ kind: 'profile' } & BenchShape)

/** What a measuring process is told first. PyTorch's script takes the same, with its own engine names. */
export interface BenchSpec {
  task: BenchTask
  engine: Contestant
  threads: number
}

/** Precisions in which PyTorch trains here: exact products, rounded to TF32, or autocast to bfloat16. */
export const peerPrecisions = ['fp32', 'tf32', 'bf16'] as const
export type PeerPrecision = (typeof peerPrecisions)[number]
/** PyTorch by how it runs, in which precision, and `-cuda` where it runs on the graphics card. */
export type Peer = `pytorch-${'eager' | 'compile'}${'' | '-tf32' | '-bf16'}${'' | '-cuda'}`
/** An engine in fp32, or with `-bf16` in bf16. */
export type Own = `${EngineName}${'' | '-bf16'}`
export type Contestant = Own | Peer
export const isPeer = (contestant: Contestant): contestant is Peer => contestant.startsWith('pytorch')
export const precisionOf = (contestant: Contestant): PeerPrecision =>
  contestant.includes('-tf32') ? 'tf32' : contestant.includes('-bf16') ? 'bf16' : 'fp32'
/** The engine that takes part, and in which precision. */
export const engineOf = (own: Own): { name: EngineName; precision: Precision } =>
  own.endsWith('-bf16')
    ? { name: own.slice(0, -5) as EngineName, precision: 'bf16' }
    : { name: own as EngineName, precision: 'fp32' }
/** An engine in every precision that it knows. */
export const inEveryPrecision = (engine: EngineName): Own[] =>
  halfEngines.includes(engine) ? [engine, `${engine}-bf16`] : [engine]

/** One slice of work: tokens for training and generating, FLOPs for products. */
export interface Slice {
  count: number
  seconds: number
}

/** Prompt of a generation; the rest of the context is generated, one token at a time. */
export const promptTokens = 16

/** GPT-2's parametrisation: what PyTorch's script builds too. */
export const benchModel = ({ shape, activation }: BenchShape): ModelPlan => gpt2Plan(shape, activation)
