// Which run of a study stands for each of its members.
import { tokensStretch } from '#shared/family/schedule.ts'
import type { RunSummary } from '#shared/run.ts'
import type { ReportedRun } from './data.ts'

/** The run that stands for each member, smallest first: the last that finished, else the last. */
export function standing(runs: readonly ReportedRun[]): ReportedRun[] {
  const byMember = new Map<string, ReportedRun>()
  for (const run of [...runs].sort((a, b) => a.summary.createdMs - b.summary.createdMs)) {
    const { memberId, systems, state } = run.summary
    const key = `${memberId} ${systems ?? 0}`
    if (state === 'finished' || byMember.get(key)?.summary.state !== 'finished') byMember.set(key, run)
  }
  return [...byMember.values()].sort((a, b) => a.summary.flops - b.summary.flops)
}

/** Tokens per counted parameter, as the recipe means them. */
export const ratioOf = ({ tokens, parameters, countedParameters = parameters, cooldowns }: RunSummary): number =>
  tokens / (cooldowns ? tokensStretch('wsd-s') : 1) / countedParameters
