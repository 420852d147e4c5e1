// @vitest-environment happy-dom
// Nothing is lost: runs that wait are told on top of every room, and what was deleted is restored.
import { beforeEach, describe, expect, it } from 'vitest'
import type { RunSummary } from '#shared/run.ts'
import { useDeletedStore } from '#renderer/stores/deleted.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useShellStore } from '#renderer/stores/shell.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import { useTraining } from '#renderer/stores/training.ts'
import FamilyView from '#renderer/views/family/FamilyView.vue'
import RecentlyDeleted from '#renderer/views/shell/RecentlyDeleted.vue'
import WaitingLine from '#renderer/views/shell/WaitingLine.vue'
import type { FakeLab } from '../support/fake-lab.ts'
import { drawn, lastAsked, openStudy, showScreen } from '../support/screen.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = await openStudy()
})
async function changeRuns(change: (run: RunSummary, i: number) => Partial<RunSummary>): Promise<RunSummary[]> {
  if (fake.runs.size === 0) await useTraining().trainLadder()
  const runs = [...fake.runs.values()].map((run, i) => ({ ...run, ...change(run, i) }))
  for (const run of runs) {
    fake.runs.set(run.id, run)
    fake.tell('run', run)
  }
  await drawn()
  return runs
}
const asked = (name: string) => fake.asked.filter((one) => one.name === name)

describe('runs that could go on', () => {
  it('are told with how each ended, and resumed by one button', async () => {
    const screen = await showScreen(WaitingLine)
    expect(screen.text()).toBe('')
    const states = ['paused', 'cancelled', 'cancelled', 'interrupted', 'finished'] as const
    await changeRuns((_run, i) => ({ state: states[i] }))
    expect(screen.text()).toContain('4 runs of A study: 1 paused, 2 stopped, 1 interrupted.')
    await screen.press('Resume all')
    expect(asked('resumeRun')).toHaveLength(4)
    expect(screen.text()).toBe('')
  })

  it('are no longer told when they were put out of mind, until another one waits', async () => {
    const screen = await showScreen(WaitingLine)
    await changeRuns((_run, i) => ({ state: i === 0 ? 'cancelled' : 'finished' }))
    await screen.press('Say no more of these')
    expect(screen.text()).toBe('')
    await changeRuns((_run, i) => (i === 1 ? { state: 'interrupted' } : {}))
    expect(screen.text()).toContain('2 runs of A study')
  })

  it('are not told where the same member was trained again, or would only diverge again', async () => {
    const screen = await showScreen(WaitingLine)
    const [run] = await changeRuns((_run, i) =>
      i === 0 ? { state: 'cancelled' } : { state: 'failed', code: 'diverged' },
    )
    expect(screen.text()).toContain('1 run')
    fake.tell('run', { ...run, id: 'again', state: 'finished' })
    await drawn()
    expect(screen.text()).toBe('')
  })

  it('wait for the disk: one sentence that names the remedy', async () => {
    const screen = await showScreen(WaitingLine)
    const [run] = await changeRuns((_run, i) => (i === 0 ? { state: 'paused', code: 'disk-full' } : {}))
    expect(screen.text()).toContain('The disk is full, so training is paused and 4 runs wait behind it.')
    await screen.press('Resume run')
    expect(lastAsked(fake, 'resumeRun')).toEqual([run.id])
  })

  it('are what the button of the family resumes when every member has one', async () => {
    await changeRuns((_run, i) => ({ state: i < 3 ? 'cancelled' : 'finished' }))
    const screen = await showScreen(FamilyView)
    await screen.press('Resume 3 runs')
    expect(asked('resumeRun')).toHaveLength(3)
    expect(useShellStore().view).toBe('training')
  })
})

describe('what was deleted', () => {
  const list = async () => {
    const screen = await showScreen(RecentlyDeleted)
    useDeletedStore().open()
    await drawn()
    return { screen, text: () => document.body.textContent! }
  }

  it('is listed with its size and the days it is kept, and restored', async () => {
    const [run] = await changeRuns(() => ({ state: 'finished' }))
    await useRunsStore().remove(run)
    const { text } = await list()
    expect(text()).toMatch(/43\.9k.*Run, deleted .* 30 days left.*1\.00.MB/)
    const buttons = [...document.body.querySelectorAll<HTMLButtonElement>('[data-testid=restore]')]
    buttons[0].click()
    await drawn()
    expect(useRunsStore().runs.map(({ id }) => id)).toContain(run.id)
    expect(text()).toContain('Nothing was deleted lately.')
  })

  it('is undone from the last on', async () => {
    const runs = await changeRuns(() => ({ state: 'finished' }))
    await useRunsStore().remove(runs[0])
    await useRunsStore().remove(runs[1])
    const deleted = useDeletedStore()
    await deleted.undo()
    await drawn()
    const ids = () => useRunsStore().runs.map(({ id }) => id)
    expect([ids().includes(runs[0].id), ids().includes(runs[1].id)]).toEqual([false, true])
    await deleted.undo()
    await deleted.undo()
    await drawn()
    expect(ids()).toHaveLength(runs.length)
  })

  it('opens again when it was a study and is taken back from the notice', async () => {
    const studies = useStudiesStore()
    const study = studies.current!
    await studies.remove(study)
    expect(studies.current).toBeNull()
    useNoticesStore()
      .notices.find(({ text }) => text.includes('is deleted'))!
      .action!.run()
    await drawn()
    expect(studies.current?.id).toBe(study.id)
  })

  it('is gone for good only after a question', async () => {
    const [run] = await changeRuns(() => ({ state: 'finished' }))
    await useRunsStore().remove(run)
    const { text } = await list()
    document.body.querySelector<HTMLButtonElement>('[data-testid=empty-deleted]')!.click()
    expect(asked('emptyDeleted')).toEqual([])
    useShellStore().question!.run()
    await drawn()
    expect(lastAsked(fake, 'emptyDeleted')).toEqual([[run.id]])
    expect(text()).toContain('Nothing was deleted lately.')
    expect(useDeletedStore().undoable).toEqual([])
  })
})

it('the window opens in the room where it was left', async () => {
  useShellStore().go('evaluation')
  await drawn()
  expect(localStorage.getItem('isoflop.view')).toBe('evaluation')
})
