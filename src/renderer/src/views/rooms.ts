// The rooms of the window. Each comes with its first opening, so that a start reads and runs what it shows; the others
// follow while nobody waits, so that they open at once, and also when the lab has gone.
import { defineAsyncComponent, h, type Component } from 'vue'
import NoteBox from '../components/NoteBox.vue'
import type { ViewName } from '../stores/shell.ts'

const loaders: Record<ViewName, () => Promise<{ default: Component }>> = {
  data: () => import('./data/DataView.vue'),
  family: () => import('./family/FamilyView.vue'),
  training: () => import('./training/TrainingView.vue'),
  law: () => import('./law/LawView.vue'),
  evaluation: () => import('./evaluation/EvaluationView.vue'),
  models: () => import('./models/ModelsView.vue'),
  cluster: () => import('./cluster/ClusterView.vue'),
  openness: () => import('./openness/OpennessView.vue'),
  settings: () => import('./SettingsView.vue'),
}
const names = Object.keys(loaders) as ViewName[]

/** Begins to fetch a room that will be shown; a failure is told where it is shown. */
export const loadRoom = (name: ViewName): Promise<unknown> => loaders[name]().catch(() => null)

const failed = () => h(NoteBox, { kind: 'failure' }, () => 'This room could not be read. Reload the window.')

export const rooms = Object.fromEntries(
  names.map((name) => [name, defineAsyncComponent({ loader: loaders[name], errorComponent: failed, delay: 0 })]),
) as Record<ViewName, Component>

/** The first room is drawn and read in peace. */
const peaceMs = 2000

/** One after the other, each in a pause of its own. */
export async function loadRooms(): Promise<void> {
  await new Promise((done) => setTimeout(done, peaceMs))
  for (const name of names) {
    await new Promise((done) => requestIdleCallback(done))
    await loadRoom(name)
  }
}
