// The whole story, told at any door with the mouse: choose a text, shape a ladder, train, watch, pause, close, reopen,
// resume,
// lose power, go on, read the law, export. Each door says how its window is closed, reopened and killed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from './axe.ts'
import { exportFirst } from './lab-page.ts'
import { smallText } from './small-text.ts'
import type { PageWatch } from './watch-page.ts'

export interface StoryDoor {
  /** The window as it is now. */
  page(): Page
  /** Hands files to the window in the door's own way: a dialog, or an upload. */
  addFiles(paths: string[]): Promise<void>
  /** Closes the window for good and opens it again. */
  reopen(): Promise<void>
  /** Takes the power away from everything, and starts anew. */
  kill(): Promise<void>
  watch: PageWatch
  home: string
  close(): Promise<void>
}

const views = ['data', 'family', 'training', 'law', 'evaluation', 'models'] as const
/** Two that finish within seconds and make a law; one that never ends by itself, to be paused, cut off and stopped. */
const ladder = [
  { width: 24, tokensPerParameter: 4 },
  { width: 32, tokensPerParameter: 4 },
  { width: 48, tokensPerParameter: 3000 },
]
const endless = 2
const slow = 180_000

/** Registers the tests; they build on one another, in order. `pictures`: a folder for a screenshot of every view. */
export function tellStory(openDoor: () => Promise<StoryDoor>, pictures: string): void {
  let door: StoryDoor
  const byId = (id: string): Locator => door.page().getByTestId(id)
  const go = async (view: (typeof views)[number]): Promise<void> => byId(`nav-${view}`).click()
  /** The row of a run by its position: runs are started smallest first. */
  const row = (which: number): Locator => byId('run-row').nth(which)
  const state = (which: number): Promise<string | null> =>
    row(which)
      .getByTestId('run-state')
      .getAttribute('data-state', { timeout: 2000 })
      .catch(() => null)
  const expectState = (which: number, wanted: string | RegExp, timeout = slow) =>
    expect.poll(async () => (await state(which)) ?? 'no such run', { timeout, interval: 100 }).toMatch(wanted)

  /** Updates of the endless run, as its row says. */
  const step = async (): Promise<number> =>
    Number(
      /^([\d,]+) of/
        .exec((await row(endless).getByTestId('run-step').getAttribute('title')) ?? '')?.[1]
        .replaceAll(',', ''),
    )

  /** A part of the story; once one has failed the rest fails at once, since each builds on those before. */
  let failed: string | null = null
  const part = (name: string, tell: () => Promise<void>): void =>
    void it(name, async () => {
      if (failed) throw new Error(`The story broke off at "${failed}".`)
      failed = name
      await tell()
      failed = null
    })

  beforeAll(async () => {
    door = await openDoor()
  })
  afterAll(async () => {
    await door?.close()
  })

  describe.sequential('the story', () => {
    part('begins with three ways in and no setup', async () => {
      await byId('start-shape').waitFor({ timeout: 60_000 })
      expect(await byId('start-emerge').isVisible()).toBe(true)
      await byId('start-shape').click()
      await byId('train-ladder').waitFor()
    })

    part("chooses a text of one's own", async () => {
      const file = join(door.home, 'law-of-words.txt')
      writeFileSync(file, smallText(1_500_000))
      await go('data')
      await door.addFiles([file])
      const row = byId('corpus-row').filter({ hasText: 'law-of-words' })
      await row.click({ timeout: 60_000 })
      const use = byId('use-corpus')
      await expect.poll(() => use.isEnabled().catch(() => false), { timeout: 60_000 }).toBe(true)
      await use.click()
      await row.getByText('In this study').waitFor()
      await door
        .page()
        .getByRole('radio', { name: 'Bytes' })
        .or(door.page().getByRole('button', { name: 'Bytes' }))
        .first()
        .click()
      await door.page().getByText('Bytes per token').waitFor({ timeout: 60_000 })
    })

    part('shapes a ladder of three and reads what it will take', async () => {
      await go('family')
      const rows = byId('ladder-row')
      await expect.poll(() => rows.count()).toBeGreaterThan(3)
      while ((await rows.count()) > 3)
        await rows
          .last()
          .getByRole('button', { name: /^Remove/ })
          .click()
      for (const [index, { width, tokensPerParameter }] of ladder.entries()) {
        const type = async (label: RegExp, value: number): Promise<void> => {
          const field = rows.nth(index).getByLabel(label)
          await field.fill(String(value))
          await field.press('Enter')
        }
        await type(/^Heads of/, 2)
        await type(/^Layers of/, 2)
        await type(/^Width of/, width)
        await type(/^Tokens per parameter of/, tokensPerParameter)
      }
      await expect.poll(async () => rows.nth(2).innerText()).toMatch(/MB|MiB/)
      await expect.poll(() => byId('train-ladder').isEnabled()).toBe(true)
    })

    part('trains, and the curve moves', async () => {
      await byId('train-ladder').click()
      await go('training')
      await expectState(0, /running|finished/)
      await expectState(endless, 'running')
      expect([await state(0), await state(1)]).toEqual(['finished', 'finished'])
      const chart = byId('loss-chart').locator('canvas').first()
      const before = await chart.screenshot()
      await expect.poll(async () => (await chart.screenshot()).equals(before), { timeout: 30_000 }).toBe(false)
    })

    part('pauses, and is as it was after the window was closed', async () => {
      await row(endless).getByTestId('run-pause').click()
      await expectState(endless, 'paused', 60_000)
      const paused = await row(endless).innerText()
      await door.reopen()
      await go('training')
      await expectState(endless, 'paused')
      expect([await state(0), await state(1)]).toEqual(['finished', 'finished'])
      await expect.poll(() => row(endless).innerText()).toBe(paused)
    })

    part('resumes where it was', async () => {
      const before = await step()
      await row(endless).getByTestId('run-resume').click()
      await expectState(endless, 'running')
      await expect.poll(step, { timeout: slow }).toBeGreaterThan(before)
    })

    part('goes on after a power cut, and stops when told to', async () => {
      const paused = await step()
      await door.kill()
      await go('training')
      await expectState(endless, 'interrupted')
      await row(endless).getByTestId('run-resume').click()
      await expectState(endless, 'running')
      await expect.poll(step, { timeout: slow }).toBeGreaterThan(paused)
      await row(endless).getByTestId('run-stop').click()
      await byId('ask-yes').click()
      await expectState(endless, 'cancelled', 60_000)
    })

    part('draws the law', async () => {
      await go('law')
      await byId('law-chart').locator('canvas, svg').first().waitFor()
    })

    part('evaluates what has finished, and shows every item', async () => {
      await go('evaluation')
      await byId('evaluate-first').click()
      const cells = door.page().locator('[data-testid^="cell-"]')
      const states = () => cells.evaluateAll((all) => all.map((cell) => cell.getAttribute('data-state')))
      // two members, a text and four synthetic tasks
      await expect.poll(states, { timeout: slow }).toEqual(Array(10).fill('finished'))
      await byId('cell-Repetition').first().getByRole('button').click()
      await expect.poll(() => byId('examples-count').innerText()).toMatch(/^200 items/)
      await byId('examples-list').focus()
      await door.page().keyboard.press('ArrowDown')
      await expect.poll(() => byId('example').getAttribute('aria-label')).toBe('Item 2')
      expect(await byId('answer').count()).toBe(4)
      expect(await axeFindings(door.page())).toEqual([])
      await byId('evaluation-pages').getByText('Against compute').click()
      await byId('accuracy-chart').locator('canvas').first().waitFor()
    })

    part('exports a checkpoint that is whole', async () => {
      const folder = join(door.home, 'exports', 'taken-home')
      await exportFirst(door.page(), folder)
      expect(await byId('toast').first().innerText()).toContain(folder)
      expect(readdirSync(folder).sort()).toEqual(
        expect.arrayContaining([
          'README.md',
          'config.json',
          'generation_config.json',
          'model.safetensors',
          'tokenizer.json',
        ]),
      )
      expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toMatchObject({
        architectures: ['GPT2LMHeadModel'],
        n_embd: ladder[endless].width,
        n_layer: 2,
      })
      await byId('export-close').click()
    })

    part('lets a checkpoint write, and shows what it thought', async () => {
      await byId('generate').click()
      await expect.poll(() => byId('generated').innerText(), { timeout: 60_000 }).toMatch(/▸$/)
      await byId('generated').getByText('▸').click()
      await expect.poll(() => byId('next-tokens').getByRole('listitem').count()).toBe(10)
    })

    part('takes the export in again, and finds it equal', async () => {
      await byId('import-model').click()
      await door
        .page()
        .getByRole('radio', { name: 'Folder' })
        .or(door.page().getByRole('button', { name: 'Folder', exact: true }))
        .first()
        .click()
      await byId('import-folder').fill(join(door.home, 'exports', 'taken-home'))
      await byId('import-confirm').click()
      const model = byId('model-row').first()
      await expect.poll(() => model.getAttribute('data-state'), { timeout: 60_000 }).toBe('finished')
      await model.click()
      const page = (name: string): Promise<void> =>
        door
          .page()
          .getByRole('radio', { name })
          .or(door.page().getByRole('button', { name, exact: true }))
          .first()
          .click()
      await page('Compare')
      await byId('compare-same').waitFor({ timeout: 60_000 })
      await page('Weights')
      await byId('tensor-row').first().waitFor({ timeout: 60_000 })
      await page('Attention')
      await byId('attention-chart').locator('canvas').first().waitFor({ timeout: 60_000 })
      expect(await axeFindings(door.page())).toEqual([])
      await page('Playground')
    })

    part('deletes the model and brings it back', async () => {
      await byId('model-delete').click()
      await byId('ask-yes').click()
      await expect.poll(() => byId('model-row').count()).toBe(0)
      await door.page().getByRole('button', { name: 'Undo' }).click()
      await expect.poll(() => byId('model-row').count()).toBe(1)
    })
  })

  describe.sequential('the cluster', () => {
    it('asks the cluster', async () => {
      const body = (): Locator => door.page().locator('.page-body')
      const tab = (name: string): Promise<void> =>
        byId('cluster-pages')
          .getByRole('radio', { name })
          .or(byId('cluster-pages').getByRole('button', { name, exact: true }))
          .first()
          .click()
      const type = async (label: string, value: number): Promise<void> => {
        const field = body().getByLabel(label, { exact: true }).last()
        await field.fill(String(value))
        await field.press('Enter')
      }
      await byId('nav-cluster').click()
      await expect
        .poll(() =>
          byId('cluster-answer')
            .innerText()
            .catch(() => ''),
        )
        .toMatch(/Where a step goes[\s\S]*Forward[\s\S]*Pipeline bubble/)
      await type('Tensor parallel size', 7)
      await expect
        .poll(() =>
          byId('cluster-problem')
            .innerText()
            .catch(() => ''),
        )
        .toMatch(/64 devices do not divide into tensor 7 x pipeline 8 = 56/)
      await type('Tensor parallel size', 8)
      await byId('trust-line').waitFor()
      await tab('Search')
      await type('Batch', 64)
      await byId('start-search').click()
      const plans = byId('plans-found').getByRole('row')
      await expect.poll(() => plans.count(), { timeout: 30_000 }).toBeGreaterThan(5)
      for (const colorScheme of ['light', 'dark'] as const) {
        await door.page().emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await tab('Search')
        await door.page().screenshot({ path: join(pictures, `plan-search-${colorScheme}.png`) })
        expect(await axeFindings(door.page())).toEqual([])
        await tab('Plan')
        await byId('trust-line').waitFor()
        await door.page().screenshot({ path: join(pictures, `cluster-${colorScheme}.png`) })
        expect(await axeFindings(door.page())).toEqual([])
      }
    })
  })

  describe.sequential('every view', () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`is without findings of axe, in the ${colorScheme}`, async () => {
        await door.page().emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        const findings: string[] = []
        for (const view of [...views, 'settings'] as const) {
          await byId(`nav-${view}`).click()
          await door.page().waitForTimeout(600)
          await door.page().screenshot({ path: join(pictures, `${view}-${colorScheme}.png`) })
          findings.push(...(await axeFindings(door.page())).map((finding) => `${view}, ${colorScheme}: ${finding}`))
        }
        expect(findings).toEqual([])
      })
    }

    it('complained of nothing all the while', () => {
      expect(door.watch.complaints).toEqual([])
    })
  })
}
