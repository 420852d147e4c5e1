// The dial: what it stands for, and the ladder it makes of it.
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { fixedTokenMembers, isoflopMembers, withMembers, type IsoflopGrid } from '#shared/family/additions.ts'
import { dialForSeconds, ladderFromDial, memberOfSize, standsOnDial } from '#shared/family/dial.ts'
import type { Dial, Member } from '#shared/family/ladder.ts'
import { memberName, sizeName } from '#shared/family/names.ts'
import { presets, studyPartsOf } from '#shared/family/presets.ts'
import { withoutSchedules } from '#shared/family/plan.ts'
import { vocabularyOf } from '#shared/tokenizer/vocabulary.ts'
import { useLabStore } from './lab.ts'
import { usePlanStore } from './plan.ts'
import { useStudiesStore } from './studies.ts'
import { useTraining } from './training.ts'
import { rounded } from '#shared/numbers.ts'

export type DialKind = 'preset' | 'compute' | 'time' | 'largest'

export const useDialStore = defineStore('dial', () => {
  const studies = useStudiesStore()
  const plan = usePlanStore()
  const lab = useLabStore()
  const training = useTraining()
  /** Time is turned into a largest size at once; only here it is still a time. */
  const seconds = ref<{ studyId: string; seconds: number } | null>(null)

  // A text cut in another way takes another time: the dial keeps the time, and the ladder follows.
  watch(
    [() => studies.currentId, () => JSON.stringify([studies.current?.tokenizer, studies.current?.recipe])],
    ([study], [studyBefore]) => {
      if (study === studyBefore && kind.value === 'time' && !isEdited.value) setSeconds(seconds.value!.seconds)
    },
  )

  const ladder = computed(() => studies.current?.ladder ?? null)
  const kind = computed<DialKind>(() =>
    seconds.value?.studyId === studies.currentId && ladder.value?.dial.kind === 'largest'
      ? 'time'
      : (ladder.value?.dial.kind ?? 'preset'),
  )
  const isMeasured = computed(() => (lab.machine?.calibration.length ?? 0) > 0)

  const make = (dial: Dial) => {
    const study = studies.current
    if (study) studies.change({ ladder: ladderFromDial(dial, study.recipe, vocabularyOf(study.tokenizer)) })
  }
  const setCompute = (flops: number) => {
    seconds.value = null
    make({ kind: 'compute', flops })
  }
  const setLargest = (parameters: number) => {
    seconds.value = null
    make({ kind: 'largest', parameters })
  }
  function setSeconds(wanted: number): void {
    const study = studies.current
    const dial =
      study && lab.machine ? dialForSeconds(wanted, study.recipe, vocabularyOf(study.tokenizer), lab.machine) : null
    if (!study || !dial) return
    seconds.value = { studyId: study.id, seconds: wanted }
    make(dial)
  }
  /** A preset brings its recipe, and the tokenizer it was made for; a study whose runs are under way keeps both. */
  function setPreset(id: string): void {
    seconds.value = null
    const { recipe, ladder: made, tokenizer } = studyPartsOf(id)
    studies.change(training.isHeld ? { ladder: made } : { ladder: made, recipe, ...(tokenizer ? { tokenizer } : {}) })
  }
  /** The kind changes, the size of the ladder stays about what it is. */
  function setKind(next: DialKind): void {
    const largest = Math.max(30_000, ...plan.trainable.map((one) => one.parameters))
    if (next === 'compute') setCompute(rounded(Math.max(1e10, plan.totals.flops)))
    else if (next === 'largest') setLargest(rounded(largest))
    else if (next === 'time') setSeconds(rounded(Math.max(10, plan.totals.seconds ?? 600)))
    else setPreset(presets[0].id)
  }

  /** What the dial alone would make: tells whether rows were edited since. */
  const isEdited = computed(() => {
    const study = studies.current
    return (
      study !== null && !standsOnDial(study.ladder, { recipe: study.recipe, vocabulary: vocabularyOf(study.tokenizer) })
    )
  })
  const reset = () => studies.current && make(studies.current.ladder.dial)

  const setMembers = (members: Member[]) =>
    studies.current && studies.change({ ladder: { dial: studies.current.ladder.dial, members } })
  function editMember(id: string, changes: Partial<Member>): void {
    const study = studies.current
    const basis = plan.basis
    if (!study || !basis) return
    setMembers(
      study.ladder.members.map((member) => {
        if (member.id !== id) return member
        const edited = { ...member, ...changes }
        return { ...edited, name: memberName(edited, basis) }
      }),
    )
  }
  /** An empty name, or that of its size, is no name of its own: it follows the size again. */
  function nameMember(id: string, typed: string): void {
    const study = studies.current
    const member = study?.ladder.members.find((one) => one.id === id)
    if (!study || !member || !plan.basis) return
    const { isNamed: _isNamed, ...unnamed } = member
    const name = typed.trim()
    const own = sizeName(member, plan.basis)
    const named: Member = name && name !== own ? { ...member, name, isNamed: true } : { ...unnamed, name: own }
    setMembers(study.ladder.members.map((one) => (one.id === id ? named : one)))
  }
  const removeMember = (id: string) =>
    studies.current && setMembers(studies.current.ladder.members.filter((member) => member.id !== id))
  /** One more rung, about twice the largest. */
  function addMember(): void {
    const study = studies.current
    if (!study) return
    const largest = Math.max(15_000, ...plan.plans.map((one) => one.parameters))
    const made = memberOfSize(largest * 2.2, study.recipe.context, plan.vocabulary)
    const taken = new Set(study.ladder.members.map((member) => member.id))
    let id = made.id
    for (let i = 2; taken.has(id); i++) id = `${made.id}-${i}`
    setMembers([...study.ladder.members, { ...made, id }])
  }
  /** What a request would add; throws the Fault that says why it cannot be. */
  const fixedTokens = (tokens: number): Member[] =>
    plan.basis
      ? fixedTokenMembers(
          studies.current!.ladder.members.filter(({ isEnabled }) => isEnabled),
          tokens,
          plan.basis,
        )
      : []
  const grid = (wanted: IsoflopGrid): Member[] => (plan.basis ? isoflopMembers(wanted, plan.basis) : [])
  const addMembers = (members: readonly Member[]) =>
    studies.current && studies.change({ ladder: withMembers(studies.current.ladder, members) })
  /** Published members forget their schedules, so that the recipe decides their tokens, batch and rate. */
  const takeRecipe = () => studies.current && setMembers(withoutSchedules(studies.current.ladder.members))

  return {
    ladder,
    kind,
    seconds,
    isMeasured,
    isEdited,
    setKind,
    setCompute,
    setLargest,
    setSeconds,
    setPreset,
    reset,
    editMember,
    nameMember,
    removeMember,
    addMember,
    fixedTokens,
    grid,
    addMembers,
    takeRecipe,
  }
})
