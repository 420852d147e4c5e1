// A window in a test: the fake lab behind the bridge, fresh stores, nothing remembered.
import { createPinia, setActivePinia } from 'pinia'
import { setBridge } from '#renderer/bridge.ts'
import { useCorporaStore } from '#renderer/stores/corpora.ts'
import { useLabStore } from '#renderer/stores/lab.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import type { DoorAbilities } from '#shared/lab-bridge.ts'
import { createFakeLab, type FakeLab } from './fake-lab.ts'

export function openWindow(door: DoorAbilities = {}): { fake: FakeLab; pinia: ReturnType<typeof createPinia> } {
  localStorage.clear()
  history.replaceState(null, '', '/')
  const fake = createFakeLab(door)
  setBridge(fake)
  const pinia = createPinia()
  setActivePinia(pinia)
  return { fake, pinia }
}

/** What App does when it opens. */
export async function loadStores(): Promise<void> {
  await useLabStore().load()
  await Promise.all([useStudiesStore().load(), useCorporaStore().load(), useRunsStore().load()])
  await settled()
}

/** Lets all promises under way go on. */
export const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
