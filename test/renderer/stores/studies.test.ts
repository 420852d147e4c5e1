// @vitest-environment happy-dom
// Studies: shown at once, saved a moment later, and nothing typed is lost.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Fault } from '#shared/fault.ts'
import { fileNameOf, useStudiesStore } from '#renderer/stores/studies.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { loadStores, openWindow, settled } from '../support/window.ts'
import type { FakeLab } from '../support/fake-lab.ts'

let fake: FakeLab
beforeEach(() => {
  vi.useFakeTimers()
  fake = openWindow().fake
})
const updates = () => fake.asked.filter((one) => one.name === 'updateStudy')

describe('a study', () => {
  it('opens where the last session left, and the newest when that is gone', async () => {
    const studies = useStudiesStore()
    await fake.request('createStudy', 'first')
    await fake.request('createStudy', 'second')
    await fake.request('updateSettings', { lastStudyId: 'study-1' })
    await loadStores()
    expect(studies.current?.name).toBe('first')
    await fake.request('deleteStudy', 'study-1')
    fake.tell('studyDeleted', { studyId: 'study-1' })
    expect(studies.current?.name).toBe('second')
  })

  it('shows a change at once and saves many changes as one', async () => {
    await loadStores()
    const studies = useStudiesStore()
    await studies.create('mine')
    const { recipe } = studies.current!
    for (const tokensPerParameter of [10, 15, 40]) studies.change({ recipe: { ...recipe, tokensPerParameter } })
    expect(studies.current!.recipe.tokensPerParameter).toBe(40)
    expect(updates()).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(1000)
    expect(updates()).toHaveLength(1)
    expect(updates()[0].args[1]).toMatchObject({ recipe: { tokensPerParameter: 40 } })
  })

  it('is not overwritten by news of what was saved before', async () => {
    await loadStores()
    const studies = useStudiesStore()
    const study = await studies.create('mine')
    studies.change({ name: 'being typed' })
    fake.tell('study', { ...study, name: 'old' })
    expect(studies.current!.name).toBe('being typed')
  })

  it('takes back what the lab refuses, and says why', async () => {
    await loadStores()
    const studies = useStudiesStore()
    await studies.create('mine')
    fake.refuse('updateStudy', new Fault('conflict', 'The run 28.3k is under way with the corpus as it is.'))
    studies.change({ corpusId: 'b' })
    await studies.save()
    await settled()
    expect(studies.current!.corpusId).toBe('a')
    expect(useNoticesStore().notices[0]).toMatchObject({
      kind: 'failure',
      text: expect.stringContaining('under way') as string,
    })
  })

  it('is deleted with a way back', async () => {
    await loadStores()
    const studies = useStudiesStore()
    const study = await studies.create('mine')
    await studies.remove(study)
    expect(studies.current).toBeNull()
    const notice = useNoticesStore().notices[0]
    expect(notice.action?.label).toBe('Undo')
    notice.action!.run()
    await settled()
    expect(studies.current?.name).toBe('mine')
  })

  it('is archived with a way back', async () => {
    await loadStores()
    const studies = useStudiesStore()
    const other = await studies.create('other')
    await studies.archive(await studies.create('mine'), true)
    expect(studies.current?.id).toBe(other.id)
    useNoticesStore().notices[0].action!.run()
    await settled()
    expect(studies.current).toMatchObject({ name: 'mine', isArchived: false })
  })

  it('goes through a file', async () => {
    const saveFile = vi.fn(async (name: string, _bytes: Uint8Array) => `/tmp/${name}`)
    fake = openWindow({ saveFile }).fake
    await loadStores()
    const studies = useStudiesStore()
    await studies.saveToFile(await studies.create('Größe & Maß: 1/2'))
    const [name, bytes] = saveFile.mock.calls[0]
    expect(name).toMatch(/^[\p{L}\p{N}._-]+\.isoflop\.json$/u)
    await studies.openFromText(new TextDecoder().decode(bytes))
    expect(studies.studies).toHaveLength(2)
    await studies.openFromText('not json')
    expect(useNoticesStore().notices.at(-1)).toMatchObject({
      kind: 'failure',
      text: 'Not an Isoflop study file: it does not hold JSON.',
    })
    expect(studies.studies).toHaveLength(2)
  })
})

it('file names hold nothing a file system minds', () => {
  expect(fileNameOf('a/b\\c:*?"<>|')).toBe('abc')
  expect(fileNameOf('///')).toBe('study')
  expect(fileNameOf('A scaling law')).toBe('A-scaling-law')
})
