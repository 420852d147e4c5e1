// @vitest-environment happy-dom
// Models: checkpoints and models side by side, and what a person does with them.
import { beforeEach, describe, expect, it } from 'vitest'
import type { GeneratedToken } from '#shared/inspection.ts'
import { Fault } from '#shared/fault.ts'
import { useBeginStore } from '#renderer/stores/begin.ts'
import { useLawStore } from '#renderer/stores/law.ts'
import { useModelsStore } from '#renderer/stores/models.ts'
import { useNoticesStore } from '#renderer/stores/notices.ts'
import { useRunsStore } from '#renderer/stores/runs.ts'
import { useStudiesStore } from '#renderer/stores/studies.ts'
import type { FakeLab } from '../support/fake-lab.ts'
import { loadStores, openWindow, settled } from '../support/window.ts'

let fake: FakeLab
beforeEach(async () => {
  fake = openWindow().fake
  await loadStores()
  await useBeginStore().watchLawEmerge()
})
const options = { prompt: 'We', tokens: 1, temperature: 0, topK: 0, topP: 1, seed: 0 }

describe('the page Models', () => {
  it('lists a checkpoint as soon as a run has saved it, and a model once it is ready', async () => {
    const models = useModelsStore()
    await models.load()
    expect(models.entries).toEqual([])
    const [run] = useRunsStore().ofStudy(useStudiesStore().currentId)
    fake.train(run.id, run.steps)
    await settled()
    expect(models.entries.map(({ name, detail, subject }) => [name, detail, subject])).toEqual([
      [run.name, `step ${run.steps.toLocaleString('en-US')}`, { kind: 'run', runId: run.id, step: run.steps }],
    ])
    const model = await models.importModel({ kind: 'hub', repo: 'gpt2', revision: 'main' }, 'GPT-2')
    fake.tell('model', { ...model, state: 'running' })
    expect(models.entries).toHaveLength(1)
    fake.tell('model', model)
    expect(models.entries[1]).toMatchObject({
      name: 'GPT-2',
      detail: 'hub: gpt2',
      subject: { kind: 'model', modelId: model.id },
      row: null,
    })
  })

  it('deletes a model and brings it back', async () => {
    const models = useModelsStore()
    const model = await models.importModel({ kind: 'folder', path: '/m' }, 'M')
    await models.remove(model)
    expect(models.imported).toEqual([])
    useNoticesStore().notices.at(-1)!.action!.run()
    await settled()
    expect(models.imported.map(({ id }) => id)).toEqual([model.id])
  })

  it('sends files to the lab before it asks for them', async () => {
    fake.door.uploadFile = async ({ name }, progress) => {
      progress(1)
      return `/uploads/${name}`
    }
    const models = useModelsStore()
    await models.importFiles(
      [
        { name: 'config.json', size: 1 },
        { name: 'model.safetensors', size: 2 },
      ],
      null,
    )
    expect(fake.asked.at(-1)).toEqual({
      name: 'importModel',
      args: [{ kind: 'files', paths: ['/uploads/config.json', '/uploads/model.safetensors'] }, null],
    })
    expect(models.uploads).toEqual([])
  })

  it('gives tokens as they come, and the whole at the end', async () => {
    const models = useModelsStore()
    const heard: GeneratedToken[] = []
    const written = await models.generate({ kind: 'model', modelId: 'x' }, options, (tokens) => heard.push(...tokens))
    expect(heard).toEqual(written.tokens)
    expect(written.tokens[0].candidates.map(({ probability }) => probability)).toEqual([0.75, 0.25])
    fake.tell('generated', { generationId: 'another', tokens: written.tokens })
    expect(heard).toHaveLength(1)
  })

  it('a refused import tells why and lists nothing', async () => {
    fake.refuse('importModel', new Fault('bad-input', 'repo: no name.'))
    const models = useModelsStore()
    await expect(models.importModel({ kind: 'hub', repo: '', revision: 'main' }, null)).rejects.toThrow(
      'repo: no name.',
    )
    expect(models.imported).toEqual([])
  })

  it('keeps a run that began from a model out of the law, and says so', async () => {
    const models = useModelsStore()
    const law = useLawStore()
    const before = law.standings.length
    const model = await models.importModel({ kind: 'folder', path: '/m' }, 'M')
    const run = await models.continueTraining(model.id, { tokens: 1000, peakLearningRate: null, context: null })
    fake.train(run.id, run.steps)
    await settled()
    expect(run.origin).toEqual({ modelId: model.id, name: 'M' })
    expect(law.standings).toHaveLength(before)
    expect(law.standings.every((one) => one.run?.id !== run.id)).toBe(true)
    expect(law.continued.map(({ id }) => id)).toEqual([run.id])
  })
})
