import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundledCorpora } from '#main/core/corpus/bundled.ts'
import { ingestCorpus, type IngestReport } from '#main/core/corpus/ingest.ts'
import { splits } from '#main/platform/disk/text-files.ts'

const home = mkdtempSync(join(tmpdir(), 'bundled-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** What was made of each bundled text, ingested once. */
const reports = new Map<string, Promise<IngestReport>>()
function reportOf(id: string): Promise<IngestReport> {
  if (!reports.has(id)) reports.set(id, ingest(id))
  return reports.get(id)!
}
async function ingest(id: string): Promise<IngestReport> {
  const { name, paths } = bundledCorpora().find((one) => one.id === id)!
  const request = { corpusId: id, name, folder: join(home, id), paths }
  for await (const record of ingestCorpus(request, new AbortController().signal))
    if (record.kind === 'done') return record.report
  throw new Error(`${id} came to no end`)
}

test.each(bundledCorpora())(
  '$id has enough clean text to train on, and stands in the NOTICE',
  async ({ id, source, licence }) => {
    const report = await reportOf(id)
    expect(report.bytes).toBeGreaterThan(1e6)
    expect(report).toMatchObject({ leftOut: { records: 0, replaced: 0, removed: 0 } })
    for (const split of splits) expect(report.splits[split].bytes).toBeGreaterThan(40_000)
    const notice = readFileSync(join(__dirname, '../../../../NOTICE'), 'utf8')
    expect(notice).toContain(source.replace('npm package ', ''))
    expect(licence).toMatch(/^Public domain/)
  },
)

test('the first is the one a new study begins with: more than 5 MB', async () => {
  const [first] = bundledCorpora()
  expect(first!.id).toBe('state-of-the-union')
  expect((await reportOf(first!.id)).bytes).toBeGreaterThan(5e6)
})
