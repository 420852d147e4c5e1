// What a person may set for the whole lab.
import type { EngineName } from './engine.ts'

export interface Settings {
  /** `auto` takes the fastest that the probe found. */
  engine: EngineName | 'auto'
  /** CPU threads; 0 for the physical cores. */
  threads: number
  theme: 'system' | 'light' | 'dark'
  /** The study that opens first. */
  lastStudyId: string | null
  /** Closing the window while training: ask, or do this. */
  onCloseWhileTraining: 'ask' | 'keep' | 'pause'
  /** How long what was deleted can be brought back. */
  keepDeletedDays: number
  /** Once that takes more, the oldest is forgotten when the lab opens. */
  keepDeletedBytes: number
}

export const defaultSettings: Settings = {
  engine: 'auto',
  threads: 0,
  theme: 'system',
  lastStudyId: null,
  onCloseWhileTraining: 'ask',
  keepDeletedDays: 30,
  keepDeletedBytes: 20e9,
}
