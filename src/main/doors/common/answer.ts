// What every door does with a request: checks that the lab answers to that name, asks, and turns a failure into plain
// data.
import { Fault, toFaultData, type Reply } from '#shared/fault.ts'
import type { Lab } from '#shared/lab.ts'
import { labRequests } from '#shared/lab-names.ts'
import type { TrustedPaths } from './trusted-paths.ts'

const names = new Set<string>(labRequests)

/**
 * The lab's reply, once `paths` (where the door has some) lets every path in the arguments through. Never rejects:
 * whatever was sent, the answer is plain data.
 */
export async function answer(
  lab: Lab,
  name: unknown,
  args: unknown,
  paths?: Pick<TrustedPaths, 'check'>,
): Promise<Reply> {
  try {
    // Not everything that JSON holds can be made words: only a text is said again.
    if (typeof name !== 'string') throw new Fault('bad-input', 'A request is called by a text.')
    if (!names.has(name))
      throw new Fault('bad-input', `The lab does not know the request ${JSON.stringify(name.slice(0, 60))}.`)
    if (!Array.isArray(args)) throw new Fault('bad-input', `The arguments of ${name} must be a list.`)
    await paths?.check(name, args)
    const method = lab[name as keyof Lab] as (...args: unknown[]) => Promise<unknown>
    return { ok: true, value: await method.apply(lab, args) }
  } catch (error) {
    return { ok: false, ...toFaultData(error) }
  }
}
