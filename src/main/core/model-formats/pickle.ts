// Python's pickles, read without doing what they say: only the few calls that a table of tensors needs are known, and
// each builds plain data.
import { PickleCall, PickleError, PickleGlobal, PickleReference, type PickleWords } from './pickle-values.ts'

/** More objects than the pickle of any model has: a dozen a tensor. */
const mostObjects = 1 << 18
const mark = Symbol('mark')
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The value of a pickle: Map for a table, array for a list or tuple, string, number, boolean, null, and the classes
 * above. Any other
 * opcode or name is a PickleError that says at which byte. Work and memory are bounded by the pickle's own length.
 */
export function readPickle(bytes: Uint8Array, words: PickleWords): unknown {
  return pickleReader(bytes, words).next()
}

/** For files in which pickles lie one behind the other: each `next` reads one. */
function pickleReader(bytes: Uint8Array, words: PickleWords): { next(): unknown; readonly at: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let objects = 0

  const fail = (what: string): never => {
    throw new PickleError(`${what} at byte ${at} of the pickle`)
  }
  const take = (count: number): number => {
    if (!(count >= 0) || at + count > bytes.length)
      fail(`${count} bytes are wanted where ${bytes.length - at} are left,`)
    at += count
    return at - count
  }
  const wide = (from: number): number => {
    const value = view.getBigUint64(from, true)
    return value > BigInt(bytes.length) ? fail('a length beyond the file') : Number(value)
  }
  const text = (count: number): string => {
    const from = take(count)
    try {
      return decoder.decode(bytes.subarray(from, from + count))
    } catch {
      return fail('a text that is not UTF-8')
    }
  }
  const line = (): string => {
    const end = bytes.indexOf(10, at)
    if (end < 0) fail('a line without an end')
    const found = text(end - at)
    at++
    return found
  }
  const long = (count: number): number => {
    if (count > 8) fail('a number of more than 64 bits')
    const from = take(count)
    let value = 0n
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i])
    return count === 0 ? 0 : Number(BigInt.asIntN(8 * count, value))
  }
  const made = <T>(value: T): T => {
    if (++objects > mostObjects) fail(`more than ${mostObjects} objects`)
    return value
  }

  function next(): unknown {
    const stack: unknown[] = []
    const memo = new Map<number, unknown>()
    const push = (value: unknown): void => {
      if (stack.length >= mostObjects) fail(`more than ${mostObjects} values at once`)
      stack.push(value)
    }
    const pop = (): unknown => {
      if (stack.length === 0) fail('nothing to take')
      const value = stack.pop()
      return value === mark ? fail('a mark where a value should be') : value
    }
    const sinceMark = (): unknown[] => {
      const from = stack.lastIndexOf(mark)
      if (from < 0) fail('no mark')
      const values = stack.splice(from)
      values.shift()
      return values
    }
    const remember = (place: number): void => {
      if (stack.length === 0 || stack[stack.length - 1] === mark) fail('nothing to remember')
      if (memo.size >= mostObjects && !memo.has(place)) fail(`more than ${mostObjects} values remembered`)
      memo.set(place, stack[stack.length - 1])
    }
    const recall = (place: number): void =>
      memo.has(place) ? push(memo.get(place)) : fail(`value ${place} was never remembered`)
    const list = (value: unknown): unknown[] =>
      Array.isArray(value) && !Object.isFrozen(value) ? (value as unknown[]) : fail('no list to add to')
    const table = (value: unknown): Map<unknown, unknown> => (value instanceof Map ? value : fail('no table to add to'))
    const addPairs = (into: Map<unknown, unknown>, pairs: unknown[]): void => {
      if (pairs.length % 2 !== 0) fail('a key without a value')
      for (let i = 0; i < pairs.length; i += 2) {
        if (typeof pairs[i] !== 'string' && typeof pairs[i] !== 'number') fail('a key that is neither text nor number')
        into.set(pairs[i], pairs[i + 1])
      }
    }
    const tuple = (values: unknown[]): readonly unknown[] => made(Object.freeze(values))
    const global = (module: string, name: string): PickleGlobal => {
      const full = `${module} ${name}`
      if (!words.tables.has(full) && !words.calls.has(full) && !words.names.has(full))
        fail(`the name ${JSON.stringify(`${module}.${name}`.slice(0, 100))}, which no table of tensors needs,`)
      return made(new PickleGlobal(full))
    }
    const reduce = (args: unknown, callee: unknown): unknown => {
      if (!(callee instanceof PickleGlobal) || !Array.isArray(args)) return fail('a call of something that is no name')
      if (words.tables.has(callee.name)) return args.length === 0 ? made(new Map()) : fail('a table made of something')
      if (words.calls.has(callee.name)) return made(new PickleCall(callee.name, args as unknown[]))
      return fail(`a call of ${JSON.stringify(callee.name)}`)
    }

    for (;;) {
      const code = bytes[take(1)]
      switch (code) {
        case 0x80:
          if (bytes[take(1)] > 5) fail('an unknown protocol')
          break // PROTO
        case 0x95:
          take(8)
          break // FRAME
        case 0x2e: {
          // STOP
          const value = pop()
          return stack.length === 0 ? value : fail('values left over')
        }
        case 0x28:
          push(mark)
          break
        case 0x30:
          pop()
          break
        case 0x31:
          sinceMark()
          break
        case 0x32: {
          const value = pop()
          push(value)
          push(value)
          break
        } // DUP
        case 0x4e:
          push(null)
          break
        case 0x88:
          push(true)
          break
        case 0x89:
          push(false)
          break
        case 0x4b:
          push(bytes[take(1)])
          break // BININT1
        case 0x4d:
          push(view.getUint16(take(2), true))
          break
        case 0x4a:
          push(view.getInt32(take(4), true))
          break
        case 0x8a:
          push(long(bytes[take(1)]))
          break // LONG1
        case 0x47:
          push(view.getFloat64(take(8), false))
          break // BINFLOAT
        case 0x58:
          push(text(view.getUint32(take(4), true)))
          break // BINUNICODE
        case 0x8c:
          push(text(bytes[take(1)]))
          break
        case 0x8d:
          push(text(wide(take(8))))
          break
        case 0x55:
          push(text(bytes[take(1)]))
          break // SHORT_BINSTRING of Python 2
        case 0x54:
          push(text(view.getUint32(take(4), true)))
          break
        case 0x5d:
          push(made([]))
          break
        case 0x61: {
          const value = pop()
          list(stack[stack.length - 1]).push(value)
          break
        }
        case 0x65: {
          const values = sinceMark()
          const into = list(stack[stack.length - 1])
          for (const value of values) into.push(value)
          break
        }
        case 0x6c:
          push(made(sinceMark()))
          break
        case 0x29:
          push(tuple([]))
          break
        case 0x74:
          push(tuple(sinceMark()))
          break
        case 0x85:
          push(tuple([pop()]))
          break
        case 0x86: {
          const b = pop()
          push(tuple([pop(), b]))
          break
        }
        case 0x87: {
          const c = pop()
          const b = pop()
          push(tuple([pop(), b, c]))
          break
        }
        case 0x7d:
          push(made(new Map()))
          break
        case 0x64: {
          const pairs = sinceMark()
          const made1 = made(new Map())
          addPairs(made1, pairs)
          push(made1)
          break
        }
        case 0x73: {
          const value = pop()
          const key = pop()
          addPairs(table(stack[stack.length - 1]), [key, value])
          break
        }
        case 0x75: {
          const pairs = sinceMark()
          addPairs(table(stack[stack.length - 1]), pairs)
          break
        }
        case 0x71:
          remember(bytes[take(1)])
          break // BINPUT
        case 0x72:
          remember(view.getUint32(take(4), true))
          break
        case 0x94:
          remember(memo.size)
          break // MEMOIZE
        case 0x68:
          recall(bytes[take(1)])
          break // BINGET
        case 0x6a:
          recall(view.getUint32(take(4), true))
          break
        case 0x63: {
          const module = line()
          push(global(module, line()))
          break
        } // GLOBAL
        case 0x93: {
          // STACK_GLOBAL
          const name = pop()
          const module = pop()
          push(
            typeof name === 'string' && typeof module === 'string'
              ? global(module, name)
              : fail('a name that is no text'),
          )
          break
        }
        case 0x52: {
          const args = pop()
          push(reduce(args, pop()))
          break
        }
        case 0x62: {
          // BUILD: a table's own notes, such as the versions of a state dict, are of no use here
          pop()
          table(stack[stack.length - 1])
          break
        }
        case 0x51:
          push(made(new PickleReference(pop())))
          break // BINPERSID
        default:
          fail(`the opcode 0x${code.toString(16)}, which no table of tensors needs,`)
      }
    }
  }
  return {
    next,
    get at() {
      return at
    },
  }
}
