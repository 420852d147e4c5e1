// What is wrong with the layout of a page, as lines that a failed test can be mended from: what overflows sideways, and
// controls that are cut or lie on each other.
import type { Page } from 'playwright-core'

/** Empty where nothing is wrong. Runs in the page, so it uses nothing from outside itself. */
export const layoutFindings = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    interface Box {
      left: number
      right: number
      top: number
      bottom: number
    }
    const controls = 'button, a[href], input, select, textarea, [role="button"], [role="switch"], [role="combobox"]'
    const slack = 1.5 // px; borders fall between pixels
    const found: string[] = []
    const nameOf = (element: Element): string => {
      const text = element.getAttribute('aria-label') ?? element.textContent?.trim().replace(/\s+/g, ' ') ?? ''
      const id = element.getAttribute('data-testid')
      return `${element.tagName.toLowerCase()}${id ? `[${id}]` : ''} "${text.slice(0, 40)}"`
    }
    const parents = (element: Element): HTMLElement[] => {
      const all: HTMLElement[] = []
      for (let one = element.parentElement; one; one = one.parentElement) all.push(one)
      return all
    }
    /** Scrolls sideways and can be reached by keyboard: a table wider than its room may. */
    const scrollsSideways = (element: Element): boolean =>
      /auto|scroll/.test(getComputedStyle(element).overflowX) &&
      (element.hasAttribute('tabindex') || element.querySelector('button, a[href], input') !== null) &&
      element.getAttribute('role') === 'region'
    const isSeen = (element: Element): boolean => {
      const { width, height } = element.getBoundingClientRect()
      const style = getComputedStyle(element)
      const isHidden = style.visibility === 'hidden' || style.opacity === '0' || style.clipPath !== 'none'
      return width > 2 && height > 2 && !isHidden && !element.closest('[aria-hidden="true"], .visually-hidden')
    }

    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth > clientWidth + slack)
      found.push(`the page is ${scrollWidth} px wide in a window of ${clientWidth}`)
    for (const element of document.querySelectorAll<HTMLElement>('main, main *, [role="dialog"], [role="dialog"] *')) {
      const over = element.scrollWidth - element.clientWidth
      if (over <= slack || element.clientWidth < 3 || !/auto|scroll/.test(getComputedStyle(element).overflowX)) continue
      if (!scrollsSideways(element) && !element.matches('input, textarea, pre'))
        found.push(`${nameOf(element)}.${element.className} scrolls sideways by ${over} px`)
    }

    /** What stands over the view may cover what is under it. */
    const layerOf = (element: Element): Element | null =>
      [element, ...parents(element)].find((one) => getComputedStyle(one).position === 'fixed') ?? null
    const seen: { element: Element; layer: Element | null; box: Box }[] = []
    for (const element of document.querySelectorAll(controls)) {
      if (!isSeen(element)) continue
      const rect = element.getBoundingClientRect()
      const box: Box = { left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom }
      let isInScroller = false
      for (const parent of parents(element)) {
        const { overflowX, overflowY } = getComputedStyle(parent)
        if (overflowX === 'visible' && overflowY === 'visible') continue
        const room = parent.getBoundingClientRect()
        if (scrollsSideways(parent)) isInScroller = true
        if (!isInScroller && (rect.left < room.left - slack || rect.right > room.right + slack)) {
          found.push(`${nameOf(element)} is cut at the side by ${parent.className || parent.tagName}`)
          break
        }
        const cutsBelow = overflowY === 'hidden' && rect.top < room.bottom && rect.bottom > room.bottom + slack
        if (cutsBelow && !parents(element).some((one) => /auto|scroll/.test(getComputedStyle(one).overflowY)))
          found.push(`${nameOf(element)} is cut below by ${parent.className || parent.tagName}`)
        box.left = Math.max(box.left, room.left)
        box.right = Math.min(box.right, room.right)
        box.top = Math.max(box.top, room.top)
        box.bottom = Math.min(box.bottom, room.bottom)
      }
      if (!isInScroller && (rect.left < -slack || rect.right > innerWidth + slack))
        found.push(`${nameOf(element)} stands outside the window`)
      if (element.matches('button') && element.scrollWidth > element.clientWidth + 2 && !element.querySelector('.clip'))
        found.push(`${nameOf(element)} is narrower than its words by ${element.scrollWidth - element.clientWidth} px`)
      if (box.right - box.left > 3 && box.bottom - box.top > 3) seen.push({ element, layer: layerOf(element), box })
    }
    seen.forEach(({ element, layer, box }, i) => {
      for (const { element: other, layer: around, box: there } of seen.slice(i + 1)) {
        if (layer !== around || element.contains(other) || other.contains(element)) continue
        const wide = Math.min(box.right, there.right) - Math.max(box.left, there.left)
        const high = Math.min(box.bottom, there.bottom) - Math.max(box.top, there.top)
        if (wide > 3 && high > 3)
          found.push(`${nameOf(element)} and ${nameOf(other)} overlap by ${wide.toFixed()} x ${high.toFixed()} px`)
      }
    })
    return found
  })

/**
 * Walks the page by Tab alone and names the controls that were not reached, and those that did not show their focus.
 * Inside a group one control is reached by Tab and the others by arrows, so one is enough.
 */
export async function keyboardFindings(page: Page): Promise<string[]> {
  const wanted = await page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>(
      'button, a[href], input, select, textarea, [role="button"], [role="slider"], [role="switch"], [role="combobox"]',
    )
    let count = 0
    for (const element of document.querySelectorAll<HTMLElement>('[data-walked]')) delete element.dataset['walked']
    for (const element of all) {
      const { width, height } = element.getBoundingClientRect()
      const isOff = element.matches(':disabled') || element.closest('[aria-hidden="true"], [inert]')
      const isHidden = getComputedStyle(element).visibility === 'hidden' || width < 2 || height < 2
      element.dataset['walk'] = isOff || isHidden ? 'no' : 'yes'
      if (!isOff && !isHidden) count++
    }
    ;(document.activeElement as HTMLElement | null)?.blur()
    return count
  })
  const unseen = new Set<string>()
  for (let i = 0; i < wanted + 80; i++) {
    await page.keyboard.press('Tab')
    const step = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null
      if (!element || element === document.body) return { isEnd: false, unseen: null }
      const isEnd = element.dataset['walked'] === 'yes'
      element.dataset['walked'] = 'yes'
      const shows = [element, ...element.querySelectorAll('*'), element.parentElement].some((one) => {
        if (!one) return false
        const style = getComputedStyle(one)
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'
      })
      const name = element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 40) ?? ''
      return { isEnd, unseen: shows ? null : `${element.tagName.toLowerCase()} "${name}"` }
    })
    if (step.unseen) unseen.add(`${step.unseen} does not show its focus`)
    if (step.isEnd) break
  }
  const missed = await page.evaluate(() => {
    const group =
      '[role="group"], [role="radiogroup"], [role="tablist"], [role="menu"], [role="listbox"], [role="grid"]'
    return [...document.querySelectorAll<HTMLElement>('[data-walk="yes"]')]
      .filter((element) => {
        if (element.dataset['walked'] === 'yes') return false
        const isOneOfGroup = element.tabIndex < 0 && element.closest(group)?.querySelector('[data-walked="yes"]')
        return !isOneOfGroup
      })
      .map((element) => {
        const name = element.getAttribute('aria-label') ?? element.textContent?.trim().slice(0, 40) ?? ''
        return `${element.tagName.toLowerCase()} "${name}" is not reached by Tab`
      })
  })
  return [...unseen, ...missed]
}

/** Waits until nothing has changed for a moment, or for a second where something always does. */
export const stillness = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const done = (): void => {
          watch.disconnect()
          clearTimeout(latest)
          resolve()
        }
        let quiet = setTimeout(done, 120)
        const latest = setTimeout(done, 1000)
        const watch = new MutationObserver(() => {
          clearTimeout(quiet)
          quiet = setTimeout(done, 120)
        })
        watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
      }),
  )
