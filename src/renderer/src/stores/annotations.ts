// Notes and tags of runs and studies.
import { defineStore } from 'pinia'
import { computed, shallowRef, triggerRef } from 'vue'
import type { Annotation, AnnotationChanges, AnnotationKind } from '#shared/annotation.ts'
import { useBridge } from '../bridge.ts'
import { useNoticesStore } from './notices.ts'

export const useAnnotations = defineStore('annotations', () => {
  const bridge = useBridge()
  const notices = useNoticesStore()
  const known = shallowRef(new Map<string, Annotation>())
  const keyOf = (kind: AnnotationKind, id: string) => `${kind} ${id}`
  const put = (one: Annotation) => {
    known.value.set(keyOf(one.kind, one.id), one)
    triggerRef(known)
  }
  bridge.listen('annotation', put)

  async function load(): Promise<void> {
    known.value = new Map((await bridge.request('listAnnotations')).map((one) => [keyOf(one.kind, one.id), one]))
  }
  const of = (kind: AnnotationKind, id: string): Annotation =>
    known.value.get(keyOf(kind, id)) ?? { kind, id, note: '', tags: [] }
  const change = (kind: AnnotationKind, id: string, changes: AnnotationChanges) =>
    notices.attempt(async () => put(await bridge.request('annotate', kind, id, changes)))
  /** Adds a tag to each of several, or takes it from them. */
  async function tagAll(kind: AnnotationKind, ids: readonly string[], tag: string, isOn: boolean): Promise<void> {
    for (const id of ids) {
      const others = of(kind, id).tags.filter((one) => one !== tag)
      await change(kind, id, { tags: isOn ? [...others, tag] : others })
    }
  }
  /** Every tag in use, in order. */
  const tags = computed(() => [...new Set([...known.value.values()].flatMap((one) => one.tags))].sort())

  return { load, of, change, tagAll, tags }
})
