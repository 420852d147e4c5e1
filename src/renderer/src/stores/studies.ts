// The studies, which of them is open, and every change to it.
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Study, StudyChanges, StudyDocument } from '#shared/study.ts'
import { changedStudy } from '#shared/study-changes.ts'
import { useBridge } from '../bridge.ts'
import { useLabStore } from './lab.ts'
import { useDeletedStore } from './deleted.ts'
import { useNoticesStore } from './notices.ts'

const saveAfterMs = 350

export const useStudiesStore = defineStore('studies', () => {
  const bridge = useBridge()
  const lab = useLabStore()
  const notices = useNoticesStore()
  const deleted = useDeletedStore()
  const studies = shallowRef<Study[]>([])
  const currentId = ref<string | null>(null)
  const isLoaded = ref(false)
  const current = computed(() => studies.value.find((study) => study.id === currentId.value) ?? null)
  /** What was changed here and is not saved yet. */
  let unsaved: { studyId: string; changes: StudyChanges; timer: ReturnType<typeof setTimeout> } | null = null
  let saving: Promise<unknown> = Promise.resolve()

  const put = (study: Study) => {
    const pending = unsaved?.studyId === study.id ? unsaved.changes : {}
    const next = { ...study, ...pending } // what is being typed is not overwritten by news of what was saved before
    const known = studies.value.some((one) => one.id === study.id)
    studies.value = known ? studies.value.map((one) => (one.id === study.id ? next : one)) : [next, ...studies.value]
  }
  const drop = (studyId: string) => {
    studies.value = studies.value.filter((study) => study.id !== studyId)
    if (currentId.value === studyId) open(newest())
  }
  const newest = () =>
    [...studies.value].filter((study) => !study.isArchived).sort((a, b) => b.updatedMs - a.updatedMs)[0]?.id ?? null

  bridge.listen('study', put)
  bridge.listen('studyDeleted', ({ studyId }) => drop(studyId))

  async function load(): Promise<void> {
    studies.value = await bridge.request('listStudies')
    const last = lab.settings.lastStudyId
    if (!current.value) currentId.value = studies.value.some((study) => study.id === last) ? last : newest()
    isLoaded.value = true
  }

  function open(studyId: string | null): void {
    if (currentId.value === studyId) return
    void save()
    currentId.value = studyId
    if (studyId) void lab.change({ lastStudyId: studyId })
  }

  /** Shows at once, saves a moment after the last change. */
  function change(wanted: StudyChanges): void {
    const study = current.value
    if (!study) return
    const changed = changedStudy(study, wanted)
    const changes = changed.ladder === study.ladder ? wanted : { ...wanted, ladder: changed.ladder }
    if (unsaved && unsaved.studyId !== study.id) void save()
    if (unsaved) clearTimeout(unsaved.timer)
    unsaved = {
      studyId: study.id,
      changes: { ...unsaved?.changes, ...changes },
      timer: setTimeout(() => void save(), saveAfterMs),
    }
    studies.value = studies.value.map((one) => (one.id === study.id ? changed : one))
  }

  /** Saves what is still unsaved; done when the lab has it. What it refuses is taken back and told. */
  function save(): Promise<unknown> {
    const pending = unsaved
    if (!pending) return saving
    clearTimeout(pending.timer)
    unsaved = null
    saving = saving.then(async () => {
      try {
        put(await bridge.request('updateStudy', pending.studyId, pending.changes))
      } catch (error) {
        notices.fail(error)
        const fresh = await bridge.request('listStudies').catch(() => null)
        const one = fresh?.find((study) => study.id === pending.studyId)
        if (one) put(one)
      }
    })
    return saving
  }

  async function create(name: string, changes: StudyChanges = {}): Promise<Study> {
    let study = await bridge.request('createStudy', name)
    if (Object.keys(changes).length) study = await bridge.request('updateStudy', study.id, changes)
    put(study)
    open(study.id)
    return study
  }

  const update = (studyId: string, changes: StudyChanges) =>
    notices.attempt(async () => put(await bridge.request('updateStudy', studyId, changes)))

  const rename = (studyId: string, name: string) => update(studyId, { name })
  async function archive(study: Study, isArchived: boolean): Promise<void> {
    await update(study.id, { isArchived })
    if (!isArchived) return
    if (currentId.value === study.id) open(newest())
    notices.tell(`${study.name} is archived.`, {
      label: 'Undo',
      run: () => void update(study.id, { isArchived: false }).then(() => open(study.id)),
    })
  }

  const duplicate = (studyId: string) =>
    notices.attempt(async () => {
      await save()
      const copy = await bridge.request('duplicateStudy', studyId)
      put(copy)
      open(copy.id)
    })

  const remove = (study: Study) =>
    notices.attempt(async () => {
      await bridge.request('deleteStudy', study.id)
      drop(study.id)
      deleted.announce({ kind: 'study', id: study.id }, `${study.name} is deleted.`, () => open(study.id))
    })

  /** `isLocked`: with what repeats its trainings elsewhere. */
  const saveToFile = (study: Study, isLocked = false) =>
    notices.attempt(async () => {
      await save()
      const document = await bridge.request('studyDocument', study.id, isLocked)
      const bytes = new TextEncoder().encode(JSON.stringify(document, null, 2) + '\n')
      const path = await lab.saveFile(
        `${fileNameOf(study.name)}${isLocked ? '.locked' : ''}.isoflop.json`,
        'application/json',
        bytes,
      )
      if (path) notices.tell(`Saved as ${path}.`)
    })

  const openFromText = (text: string) =>
    notices.attempt(async () => {
      let document: StudyDocument
      try {
        document = JSON.parse(text) as StudyDocument
      } catch {
        throw new Error('Not an Isoflop study file: it does not hold JSON.')
      }
      const study = await bridge.request('importStudy', document)
      put(study)
      open(study.id)
      notices.tell(`${study.name} is open.`)
      return study
    })

  return {
    studies,
    currentId,
    current,
    isLoaded,
    load,
    open,
    change,
    save,
    create,
    rename,
    archive,
    duplicate,
    remove,
    saveToFile,
    openFromText,
  }
})

/** A name that every file system takes. */
export const fileNameOf = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N} ._-]+/gu, '')
    .trim()
    .replace(/\s+/g, '-')
    .slice(0, 80) || 'study'
