// A screen of the window in a test: a view over the fake lab, what it reads as, and its buttons.
import { enableAutoUnmount, mount, type VueWrapper } from '@vue/test-utils'
import { setActivePinia, type Pinia } from 'pinia'
import { TooltipProvider } from 'reka-ui'
import { afterEach } from 'vitest'
import { defineComponent, h } from 'vue'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import type { FakeLab } from './fake-lab.ts'
import { loadStores, openWindow } from './window.ts'

enableAutoUnmount(afterEach)
let pinia: Pinia

/** Charts are tested as options and LabChart by itself; a screen shows which one stands where, and whether it draws. */
const LabChart = defineComponent({
  props: { option: { type: Object, default: null }, label: { type: String, default: '' } },
  setup:
    (props, { slots }) =>
    () =>
      h('figure', { 'aria-label': props.label, 'data-draws': String(props.option !== null) }, [
        slots['bar']?.(),
        props.option ? null : slots['empty']?.(),
      ]),
})

/** A fresh window without a study. */
export async function openLab(): Promise<FakeLab> {
  const { fake, ...opened } = openWindow()
  pinia = opened.pinia
  await loadStores()
  return fake
}

/** A fresh window with one study of the starter ladder, nothing trained. */
export async function openStudy(): Promise<FakeLab> {
  const fake = await openLab()
  await useStudiesStore().create('A study')
  await drawn()
  return fake
}

/** Lets everything under way go on and be drawn. */
export async function drawn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve))
  setActivePinia(pinia) // a timer of the window before makes its stores the active ones
}

export interface Screen {
  view: VueWrapper<any>
  text(): string
  /** The button with this text or label. */
  button(name: string): HTMLButtonElement
  press(name: string): Promise<void>
  chart(label: RegExp): HTMLElement | undefined
}

export async function showScreen(view: object): Promise<Screen> {
  const wrapper = mount(TooltipProvider, {
    slots: { default: () => h(view as never) },
    global: { plugins: [pinia], stubs: { LabChart } },
    attachTo: document.body,
  })
  await drawn()
  const button = (name: string) => {
    const buttons = wrapper.findAll('button').map((one) => one.element as HTMLButtonElement)
    const found = buttons.find((one) => (one.getAttribute('aria-label') ?? one.textContent!.trim()) === name)
    if (!found) throw new Error(`No button ${name} among: ${buttons.map((one) => one.outerHTML).join('\n')}`)
    return found
  }
  return {
    view: wrapper,
    text: () => wrapper.text().replace(/\s+/g, ' '),
    button,
    async press(name) {
      button(name).click()
      await drawn()
    },
    chart: (label) =>
      wrapper
        .findAll('figure')
        .map((one) => one.element as HTMLElement)
        .find((one) => label.test(one.getAttribute('aria-label') ?? '')),
  }
}

/** The arguments of the latest request with this name; undefined where there was none. */
export const lastAsked = (fake: FakeLab, name: string): unknown[] | undefined =>
  fake.asked.filter((one) => one.name === name).at(-1)?.args
