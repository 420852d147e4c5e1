// Hears what a page complains of: console errors, uncaught failures, and everything the content policy stopped.
import type { Page } from 'playwright-core'

export interface PageWatch {
  /** In the order in which they came. */
  complaints: string[]
}

/** From now on, through reloads. */
export async function watchPage(page: Page, watch: PageWatch = { complaints: [] }): Promise<PageWatch> {
  page.on('console', (message) => {
    if (message.type() === 'error') watch.complaints.push(`console: ${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => watch.complaints.push(`uncaught: ${error.stack ?? error.message}`))
  const listen = (): void => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(
        `content policy: ${event.violatedDirective} stopped ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`,
      )
    })
  }
  await page.addInitScript(listen)
  await page.evaluate(listen)
  return watch
}
