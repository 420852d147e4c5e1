// A compute kernel: its buffers, its parameters and the WGSL that is written around its body.

type Access = 'read' | 'write'
type Element = 'f32' | 'u32' | 'vec4f'
export type ParameterType = 'u32' | 'i32' | 'f32'

interface KernelText {
  name: string
  /** Parameters of a dispatch, at most 16, as the body reads them: `p.width`. */
  params: Record<string, ParameterType>
  /** Buffers in the order in which a dispatch names them; `write` may read as well. */
  buffers: Record<string, `${Access} ${Element}`>
  threads: number
  /** WGSL before main: functions and workgroup memory. */
  before?: string
  /** WGSL inside main, which knows `w` (workgroup), `n` (workgroups) and `t` (thread). */
  body: string
}

export interface Kernel {
  readonly name: string
  readonly code: string
  readonly params: readonly (readonly [name: string, type: ParameterType])[]
  readonly buffers: number
  /** Bit i: the kernel only reads buffer i. */
  readonly readOnly: number
}

export function defineKernel({ name, params, buffers, threads, before = '', body }: KernelText): Kernel {
  const fields = Object.entries(params)
  const bindings = Object.entries(buffers).map(([buffer, kind], i) => {
    const [access, element] = kind.split(' ')
    const mode = access === 'read' ? 'read' : 'read_write'
    return `@group(0) @binding(${i + 1}) var<storage, ${mode}> ${buffer}: array<${element}>;`
  })
  const code = `
struct Params { ${fields.map(([field, type]) => `${field}: ${type}`).join(', ')} }
@group(0) @binding(0) var<uniform> p: Params;
${bindings.join('\n')}
${before}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) w: vec3u, @builtin(num_workgroups) n: vec3u, @builtin(local_invocation_index) t: u32) {
${body}
}
`
  const readOnly = Object.values(buffers).reduce(
    (mask, kind, i) => (kind.startsWith('read') ? mask | (1 << i) : mask),
    0,
  )
  return { name, code, params: fields, buffers: bindings.length, readOnly }
}

/** One kernel for each key, made when first asked for. */
export function kernelFamily<Key extends readonly unknown[]>(make: (...key: Key) => Kernel): (...key: Key) => Kernel {
  const made = new Map<string, Kernel>()
  return (...key) => {
    const name = key.join(' ')
    let kernel = made.get(name)
    if (!kernel) made.set(name, (kernel = make(...key)))
    return kernel
  }
}

/** WGSL: the index of this workgroup where they were spread over two dimensions. */
export const spreadIndex = 'w.y * n.x + w.x'

/**
 * WGSL: `name(value, t)` joins the values of all threads of a workgroup by `join`, in a fixed order; every thread gets
 * the result. Two rounds: some threads join a stretch each, then every thread joins those.
 */
export function joinOver(
  name: string,
  threads: number,
  { type = 'f32', join = (a: string, b: string) => `${a} + ${b}` } = {},
): string {
  const stretch = 2 ** Math.floor(Math.log2(threads) / 2)
  const stretches = threads / stretch
  return `
var<workgroup> ${name}_all: array<${type}, ${threads}>;
var<workgroup> ${name}_some: array<${type}, ${stretches}>;
fn ${name}(value: ${type}, t: u32) -> ${type} {
  workgroupBarrier();
  ${name}_all[t] = value;
  workgroupBarrier();
  if (t < ${stretches}u) {
    var joined = ${name}_all[t];
    for (var i = 1u; i < ${stretch}u; i++) { joined = ${join('joined', `${name}_all[t + i * ${stretches}u]`)}; }
    ${name}_some[t] = joined;
  }
  workgroupBarrier();
  var joined = ${name}_some[0];
  for (var i = 1u; i < ${stretches}u; i++) { joined = ${join('joined', `${name}_some[i]`)}; }
  return joined;
}`
}
