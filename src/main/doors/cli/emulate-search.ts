// `isoflop emulate --search`: the lab goes through every plan, and its window may watch.
import { machineFile, type GpuMachine } from '#shared/cluster/machine.ts'
import type { PlanSearch } from '#shared/cluster/plan-search.ts'
import type { SearchRequest, SearchResult } from '#shared/cluster/search.ts'
import type { ClusterModel } from '#shared/cluster/transformer.ts'
import { Fault } from '#shared/fault.ts'
import { isUnderWay } from '#shared/task-state.ts'
import { searchText } from './emulate-text.ts'
import { readLab, waitFor } from './lab.ts'
import type { Answer, CommandContext } from './program.ts'

export async function search(
  context: CommandContext,
  model: ClusterModel,
  machine: GpuMachine,
  request: SearchRequest,
): Promise<Answer> {
  const { result, elapsedMs } = await readLab(context, async (lab) => {
    const { id } = await lab.searchPlans(plain({ model, machine: machineFile(machine), request }))
    return waitFor(lab, 'planSearch', context.signal, async (news): Promise<PlanSearch | undefined> => {
      if (news?.id !== id) return undefined
      if (!isUnderWay(news)) return news
      context.terminal.progress(`${news.evaluated} plans tried, ${Math.floor(news.share * 100)} %`)
      return undefined
    }).then(ended)
  })
  return searchAnswer(model, machine, result, elapsedMs / 1000)
}

/** As it would come through any other door: what is undefined is not there. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

function ended({ result, elapsedMs, code, message }: PlanSearch): { result: SearchResult; elapsedMs: number } {
  if (!result) throw new Fault(code ?? 'cancelled', message ?? 'The search was stopped.')
  return { result, elapsedMs }
}

function searchAnswer(model: ClusterModel, machine: GpuMachine, result: SearchResult, searchSeconds: number): Answer {
  if (result.best.length === 0) {
    throw new Fault(
      'too-large',
      `None of ${result.plans} plans of ${model.name} on ${machine.name} fits: ${result.evaluated} were estimated, the rest hold too much state for its memory. Use more devices, or a batch that divides better.`,
    )
  }
  return {
    document: { model: model.id, machine: machine.id, searchSeconds, ...result },
    text: searchText(result, searchSeconds),
  }
}
