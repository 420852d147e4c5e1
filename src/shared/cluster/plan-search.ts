// A search for the best plans as the window sees it: asked for, under way, ended.
import type { FaultCode } from '../fault.ts'
import type { TaskState } from '../task-state.ts'
import type { MachineFile } from './machine.ts'
import type { SearchRequest, SearchResult } from './search.ts'
import type { ClusterModel } from './transformer.ts'

/** What is searched: a model on a machine as the person sees them, changed figures included. */
export interface PlanSearchChoices {
  model: ClusterModel
  machine: MachineFile
  request: SearchRequest
}

export interface PlanSearch {
  id: string
  modelName: string
  machineName: string
  request: SearchRequest
  state: TaskState
  /** Plans estimated so far. */
  evaluated: number
  /** How much of all plans has been gone through. */
  share: number
  elapsedMs: number
  result: SearchResult | null
  message: string | null
  code: FaultCode | null
}
