// What every door does with a request: checks that the lab answers to that name, asks, and turns a failure into plain
// data.
import { toFaultData, type Reply } from '#shared/fault.ts'
import type { Lab } from '#shared/lab.ts'
import { labRequests } from '#shared/lab-names.ts'

const names = new Set<string>(labRequests)

/** The lab's reply. Never rejects: whatever was sent, the answer is plain data. */
export async function answer(lab: Lab, name: unknown, args: unknown): Promise<Reply> {
  if (typeof name !== 'string' || !names.has(name)) {
    return {
      ok: false,
      code: 'bad-input',
      message: `The lab does not know the request ${JSON.stringify(String(name).slice(0, 60))}.`,
    }
  }
  if (!Array.isArray(args)) return { ok: false, code: 'bad-input', message: `The arguments of ${name} must be a list.` }
  try {
    const method = lab[name as keyof Lab] as (...args: unknown[]) => Promise<unknown>
    return { ok: true, value: await method.apply(lab, args) }
  } catch (error) {
    return { ok: false, ...toFaultData(error) }
  }
}
