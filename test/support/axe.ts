// What axe finds on a page, as lines that a failed test can be mended from.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/**
 * One line for each rule broken and the elements that break it; empty when axe finds nothing. `rules`: all there are,
 * or the names of some.
 */
export async function axeFindings(page: Page, rules: string[] | 'all' = 'all'): Promise<string[]> {
  // Legacy mode: Electron has no second page to gather results in, and this window has no frames.
  // What passes is not listed: naming each such element takes longer than looking for what fails.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] })
  if (rules !== 'all') axe.withRules(rules)
  const { violations } = await axe.analyze()
  return violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes
        .slice(0, 5)
        .map(
          ({ target, failureSummary }) =>
            `    ${target.join(' ')}: ${failureSummary?.split('\n').slice(1, 3).join(' ').trim()}`,
        )
        .join('\n')}`,
  )
}
