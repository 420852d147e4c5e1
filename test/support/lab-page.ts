// What launch tests do with any window of the lab: ask through its own bridge, and shape the smallest family with the
// mouse.
import { expect } from 'vitest'
import type { Page } from 'playwright-core'
import type { Reply } from '#shared/fault.ts'
import type { Lab } from '#shared/lab.ts'

/** Throws what the lab answers with instead of a value. */
export async function ask<K extends keyof Lab>(
  page: Page,
  name: K,
  ...args: Parameters<Lab[K]>
): Promise<Awaited<ReturnType<Lab[K]>>> {
  const reply = await page.evaluate(
    ([asked, given]) => (globalThis as any).isoflop.request(asked, ...(given as unknown[])) as Promise<Reply>,
    [name, args] as const,
  )
  if (!reply.ok) throw new Error(`${name}: ${reply.message}\n${reply.details ?? ''}`)
  return reply.value as Awaited<ReturnType<Lab[K]>>
}

/** In the library: exports the first checkpoint into a folder, and waits for the report. */
export async function exportFirst(page: Page, folder: string): Promise<void> {
  await page.getByTestId('nav-models').click()
  await page.getByTestId('export-checkpoint').first().click()
  await page.getByTestId('export-folder').fill(folder)
  await page.getByTestId('export-confirm').click()
  await page.getByTestId('export-report').waitFor({ timeout: 60_000 })
}

/**
 * From a fresh lab's first page: bytes for tokens, and of the usual ladder only the smallest member, ready to be
 * trained.
 */
export async function shapeOneMember(page: Page, tokensPerParameter: number): Promise<void> {
  await page.getByTestId('start-shape').click({ timeout: 60_000 })
  await page.getByTestId('nav-data').click()
  await page
    .getByRole('radio', { name: 'Bytes' })
    .or(page.getByRole('button', { name: 'Bytes' }))
    .first()
    .click()
  await page.getByTestId('nav-family').click()
  const rows = page.getByTestId('ladder-row')
  await expect.poll(() => rows.count()).toBeGreaterThan(1)
  while ((await rows.count()) > 1)
    await rows
      .last()
      .getByRole('button', { name: /^Remove/ })
      .click()
  const tokens = rows.first().getByLabel(/^Tokens per parameter of/)
  await tokens.fill(String(tokensPerParameter))
  await tokens.press('Enter')
  await expect.poll(() => page.getByTestId('train-ladder').isEnabled(), { timeout: 60_000 }).toBe(true)
}
