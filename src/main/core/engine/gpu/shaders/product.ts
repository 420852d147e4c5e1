// Matrix products in tiles: C = scale · A·B, either operand turned round, with what follows it done on the way.
import { kernelFamily, defineKernel, type Kernel } from '../kernel.ts'

/** Rows and columns of C that one workgroup makes, and how deep it reads at a time. */
export interface Tile {
  rows: number
  columns: number
  depth: number
  threads: number
}

/** Every thread makes (rows · columns / threads) numbers, as blocks of four by four. */
export const tiles = {
  large: { rows: 128, columns: 128, depth: 16, threads: 256 },
  middle: { rows: 64, columns: 64, depth: 16, threads: 64 },
  small: { rows: 32, columns: 32, depth: 16, threads: 64 },
} satisfies Record<string, Tile>
export type TileName = keyof typeof tiles

/** n: as it is, [rows, inner] · [inner, columns]; t: that operand is stored the other way round. */
export type Form = 'nn' | 'nt' | 'tn'

/**
 * What becomes of the product: written; + bias[column] (and + residual); + bias and GELU, both kept; added to what is
 * there, with the columns of B added to a bias; or parts of both for `sumParts`, those of the columns in a last row.
 */
export type Finish = 'plain' | 'bias' | 'residual' | 'gelu' | 'gelu_new' | 'into' | 'into with bias' | 'parts'

const geluText = {
  gelu: `
fn erf(x: f32) -> f32 { // Abramowitz and Stegun 7.1.26's form with the coefficients of Numerical Recipes' erfc: 1.2e-7
  let z = abs(x);
  let u = 1.0 / (1.0 + 0.5 * z);
  let r = u * exp(-z * z - 1.26551223 + u * (1.00002368 + u * (0.37409196 + u * (0.09678418 + u * (-0.18628806 +
    u * (0.27886807 + u * (-1.13520398 + u * (1.48851587 + u * (-0.82215223 + u * 0.17087277)))))))));
  return select(r - 1.0, 1.0 - r, x >= 0.0);
}
fn gelu(x: f32) -> f32 { return 0.5 * x * (1.0 + erf(x * 0.7071067811865476)); }
fn geluSlope(x: f32) -> f32 {
  return 0.5 * (1.0 + erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * exp(-0.5 * x * x);
}`,
  gelu_new: `
fn bend(x: f32) -> f32 { return clamp(0.7978845608028654 * x * (1.0 + 0.044715 * x * x), -15.0, 15.0); }
fn gelu(x: f32) -> f32 { return 0.5 * x * (1.0 + tanh(bend(x))); }
fn geluSlope(x: f32) -> f32 {
  let y = tanh(bend(x));
  return 0.5 * (1.0 + y) + 0.5 * x * (1.0 - y * y) * (0.7978845608028654 + 0.1070322243 * x * x);
}`,
}
/** WGSL: gelu(x) and geluSlope(x) in one of the two forms. */
export const geluFunctions = (form: 'gelu' | 'gelu_new') => geluText[form]

const range = (count: number) => Array.from({ length: count }, (_, i) => i)
const letters = ['x', 'y', 'z', 'w']

/** WGSL: four numbers of a matrix along its rows, zero beyond its edge. */
function reader(name: string, isFour: boolean): string {
  const value = isFour
    ? `${name}[(row * stride + column) / 4u]`
    : `vec4f(${[0, 1, 2, 3].map((i) => `at_${name}(row * stride + column + ${i}u, column + ${i}u < columns)`).join(', ')})`
  const at = isFour
    ? ''
    : `fn at_${name}(i: u32, isInside: bool) -> f32 { if (isInside) { return ${name}[i]; } return 0.0; }\n`
  return `${at}fn read_${name}(row: u32, column: u32, rows: u32, columns: u32, stride: u32) -> vec4f {
  if (row >= rows || column >= columns) { return vec4f(); }
  return ${value};
}`
}

/**
 * C [m, n] of A [m, k] and B [k, n]; a, b and c are the strides of their rows as stored, and aFour and so on say which
 * of those four divides, so that they are walked four numbers at a time. The third dimension of the
 * workgroups cuts k into parts of `part` each. The innermost loop is written out `unroll` times: cards run it faster,
 * and a driver made of software compiles it for seconds.
 */
export const product = kernelFamily(
  (
    form: Form,
    name: TileName,
    finish: Finish,
    aFour: boolean,
    bFour: boolean,
    cFour: boolean,
    unroll: number,
  ): Kernel => {
    const tile: Tile = tiles[name]
    const { rows, columns, depth, threads } = tile
    const blocksDown = (rows * columns) / threads >= 64 ? 2 : 1 // blocks of four rows a thread, and of four columns
    const blocks = range(blocksDown)
    const across = columns / (4 * blocksDown) // threads along a row of C
    const sumsColumns = finish === 'parts' || finish === 'into with bias'
    const items = ((rows + columns) * depth) / 16 / threads // blocks of 4 × 4 that a thread fetches for a turn
    const aTurned = form === 'tn' // A is stored [k, m]: its blocks need no turning in workgroup memory
    const bTurned = form === 'nt'

    /** Fetches item `i` of a thread into four registers: a 4 × 4 block, later stored with its k running downward. */
    const fetch = (i: number) => `
  { let item = t + ${i * threads}u;
    if (item < ${(rows * depth) / 16}u) { ${aTurned ? direct('a', rows, 'm', 'p.a', i) : turned('a', 'm', 'p.a', i)} }
    else { let item = item - ${(rows * depth) / 16}u; ${bTurned ? turned('b', 'n', 'p.b', i) : direct('b', columns, 'n', 'p.b', i)} } }`
    function direct(of: string, size: number, side: string, stride: string, i: number): string {
      const reads = [0, 1, 2, 3].map((r) => `f${i}_${r} = read_${of}(k + ${r}u, q, end, p.${side}, ${stride});`)
      return `let k = k0 + 4u * (item / ${size / 4}u); let q = ${side}0 + 4u * (item % ${size / 4}u); ${reads.join(' ')}`
    }
    function turned(of: string, side: string, stride: string, i: number): string {
      const reads = [0, 1, 2, 3].map((r) => `let v${r} = read_${of}(q + ${r}u, k, p.${side}, end, ${stride});`)
      const turn = letters.map(
        (letter, r) => `f${i}_${r} = vec4f(v0.${letter}, v1.${letter}, v2.${letter}, v3.${letter});`,
      )
      return `let k = k0 + 4u * (item % ${depth / 4}u); let q = ${side}0 + 4u * (item / ${depth / 4}u); ${reads.join(' ')} ${turn.join(' ')}`
    }
    const store = (i: number) => {
      const into = (of: string, size: number, isTurned: boolean) =>
        isTurned
          ? `let k = 4u * (item % ${depth / 4}u); let q = item / ${depth / 4}u; ${[0, 1, 2, 3].map((r) => `tile_${of}[(k + ${r}u) * ${size / 4}u + q] = f${i}_${r};`).join(' ')}`
          : `let k = 4u * (item / ${size / 4}u); let q = item % ${size / 4}u; ${[0, 1, 2, 3].map((r) => `tile_${of}[(k + ${r}u) * ${size / 4}u + q] = f${i}_${r};`).join(' ')}`
      return `
  { let item = t + ${i * threads}u;
    if (item < ${(rows * depth) / 16}u) { ${into('a', rows, !aTurned)} }
    else { let item = item - ${(rows * depth) / 16}u; ${into('b', columns, bTurned)} ${sumsColumns ? `column_sum += (f${i}_0 + f${i}_1) + (f${i}_2 + f${i}_3);` : ''} } }`
    }

    const sums = blocks.flatMap((i) => range(4).flatMap((r) => blocks.map((j) => `s${i}_${r}_${j}`)))
    const multiply = (turn: number) => [
      ...blocks.map((i) => `let a${i} = tile_a[(k + ${turn}u) * ${rows / 4}u + ty + ${(i * rows) / 8}u];`),
      ...blocks.map((j) => `let b${j} = tile_b[(k + ${turn}u) * ${columns / 4}u + tx + ${(j * columns) / 8}u];`),
      ...blocks.flatMap((i) =>
        letters.flatMap((letter, r) =>
          blocks.map((j) => `s${i}_${r}_${j} = fma(vec4f(a${i}.${letter}), b${j}, s${i}_${r}_${j});`),
        ),
      ),
    ]

    /** Writes four numbers of a row of C. */
    const write = (of: string, index: string, value: string) =>
      cFour
        ? `${of}[(${index}) / 4u] = ${value};`
        : `{ let v = ${value}; ${letters.map((letter, i) => `if (column + ${i}u < p.n) { ${of}[${index} + ${i}u] = v.${letter}; }`).join(' ')} }`
    const along = (of: string, index: string) =>
      cFour
        ? `${of}[(${index}) / 4u]`
        : `vec4f(${letters.map((_, i) => `${of}[min(${index} + ${i}u, ${of === 'bias' ? 'p.n' : 'p.m * p.c'} - 1u)]`).join(', ')})`
    const finished = (sum: string): string => {
      const scaled = `p.scale * ${sum}`
      if (finish === 'plain') return write('c', 'row * p.c + column', scaled)
      if (finish === 'parts') return write('c', '(w.z * (p.m + 1u) + row) * p.n + column', scaled)
      if (finish.startsWith('into'))
        return write('c', 'row * p.c + column', `${along('c', 'row * p.c + column')} + ${scaled}`)
      if (finish === 'bias') return write('c', 'row * p.c + column', `${scaled} + ${along('bias', 'column')}`)
      if (finish === 'residual')
        return write(
          'c',
          'row * p.c + column',
          `${scaled} + ${along('bias', 'column')} + ${along('residual', 'row * p.c + column')}`,
        )
      return `let before = ${scaled} + ${along('bias', 'column')};
      ${write('c', 'row * p.c + column', 'before')}
      ${write('after', 'row * p.c + column', `vec4f(${letters.map((letter) => `gelu(before.${letter})`).join(', ')})`)}`
    }
    const ends = blocks.flatMap((i) =>
      range(4).flatMap((r) =>
        blocks.map(
          (j) => `
  { let row = m0 + 4u * ty + ${(i * rows) / 2 + r}u; let column = n0 + 4u * tx + ${(j * columns) / 2}u;
    if (row < p.m && column < p.n) { ${finished(`s${i}_${r}_${j}`)} } }`,
        ),
      ),
    )
    // every block of B was fetched by one thread; four of them, one under the other, make a column's sum
    const fours = columns / 4
    const columnEnd = `
  workgroupBarrier();
  ${range(items)
    .map(
      (i) =>
        `{ let item = t + ${i * threads}u; if (item >= ${(rows * depth) / 16}u) { tile_b[item - ${(rows * depth) / 16}u] = column_sum; } }`,
    )
    .join(' ')}
  workgroupBarrier();
  { let column = n0 + 4u * t;
    if (w.y == 0u && t < ${fours}u && column < p.n) {
      let sum = ${range(depth / 4)
        .map((i) => `tile_b[t + ${i * fours}u]`)
        .join(' + ')};
      ${finish === 'parts' ? write('c', '(w.z * (p.m + 1u) + p.m) * p.n + column', 'sum') : write('bias', 'column', `${along('bias', 'column')} + sum`)} } }`
    if (sumsColumns) ends.push(columnEnd)
    const element = (isFour: boolean) => (isFour ? 'vec4f' : 'f32')
    const isGelu = finish === 'gelu' || finish === 'gelu_new'
    return defineKernel({
      name: `product ${form} ${name} ${finish}`,
      params: { m: 'u32', n: 'u32', k: 'u32', a: 'u32', b: 'u32', c: 'u32', part: 'u32', scale: 'f32' },
      buffers: {
        a: `read ${element(aFour)}`,
        b: `read ${element(bFour)}`,
        c: `write ${element(cFour)}`,
        ...(finish === 'into with bias' ? { bias: `write ${element(cFour)}` as const } : {}),
        ...(finish === 'bias' || finish === 'residual' || isGelu ? { bias: `read ${element(cFour)}` as const } : {}),
        ...(finish === 'residual' ? { residual: `read ${element(cFour)}` as const } : {}),
        ...(isGelu ? { after: `write ${element(cFour)}` as const } : {}),
      },
      threads,
      before: `
${reader('a', aFour)}
${reader('b', bFour)}
${isGelu ? geluText[finish] : ''}
var<workgroup> tile_a: array<vec4f, ${(rows * depth) / 4}>;
var<workgroup> tile_b: array<vec4f, ${(columns * depth) / 4}>;`,
      body: `
  let m0 = w.y * ${rows}u; let n0 = w.x * ${columns}u;
  let tx = t % ${across}u; let ty = t / ${across}u;
  let end = min(p.k, (w.z + 1u) * p.part);
  ${sums.map((sum) => `var ${sum} = vec4f();`).join(' ')}
  ${sumsColumns ? 'var column_sum = vec4f();' : ''}
  ${range(items)
    .flatMap((i) => range(4).map((r) => `var f${i}_${r} = vec4f();`))
    .join(' ')}
  var k0 = w.z * p.part;
  ${range(items).map(fetch).join('')}
  while (k0 < end) {
    workgroupBarrier();
    ${range(items).map(store).join('')}
    workgroupBarrier();
    k0 += ${depth}u;
    if (k0 < end) { ${range(items).map(fetch).join('')} }
    for (var k = 0u; k < ${depth}u; k += ${unroll}u) {
      ${range(unroll)
        .map((turn) => `{ ${multiply(turn).join('\n        ')} }`)
        .join('\n      ')}
    }
  }
  ${ends.join('')}`,
    })
  },
)

/** into += the parts of a product, one under the other, and bias += those of its last row; `size` numbers in all. */
export const sumParts = kernelFamily((withBias: boolean) =>
  defineKernel({
    name: 'sum of parts',
    params: { weights: 'u32', size: 'u32', parts: 'u32' },
    buffers: { parts: 'read f32', into: 'write f32', ...(withBias ? { bias: 'write f32' as const } : {}) },
    threads: 256,
    body: `
  let i = (w.y * n.x + w.x) * 256u + t;
  if (i >= ${withBias ? 'p.size' : 'p.weights'}) { return; }
  var sum = 0.0;
  for (var part = 0u; part < p.parts; part++) { sum += parts[part * p.size + i]; }
  ${withBias ? 'if (i >= p.weights) { bias[i - p.weights] += sum; return; }' : ''}
  into[i] += sum;`,
  }),
)
