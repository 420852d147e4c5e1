// A whole lab in memory for the window's tests: studies, texts and runs that train as fast as a test asks them to.
import type { DeletedItem } from '#shared/deleted.ts'
import { machines, models as clusterModels } from '#shared/cluster/presets.ts'
import { makeRunPlan } from '#main/lab/runs/make-run.ts'
import { validationReport } from '#main/core/cluster-validation/report.ts'
import type { MachineEntry } from '#shared/cluster/catalogue.ts'
import { readMachine } from '#shared/cluster/machine.ts'
import { readOpennessRow, type OpennessEntry } from '#shared/openness/openness.ts'
import { publishedOpenness } from '#shared/openness/published.ts'
import { planCheck } from '#shared/mup/plan.ts'
import type { Check } from '#shared/mup/check.ts'
import type { Annotation } from '#shared/annotation.ts'
import { trialCost, trialSteps, twinName } from '#shared/comparison/trial.ts'
import { planSweep, sweepName } from '#shared/sweep/plan.ts'
import { evidenceOf } from '#shared/comparison/evidence.ts'
import type { Corpus, TokenizedCorpus } from '#shared/corpus.ts'
import type { Machine } from '#shared/engine.ts'
import { parametrisation } from '#shared/family/parametrisation.ts'
import { planLadder } from '#shared/family/plan.ts'
import { defaultRecipe, type Recipe } from '#shared/family/recipe.ts'
import { starterPreset, studyPartsOf } from '#shared/family/presets.ts'
import { Fault } from '#shared/fault.ts'
import type { Lab, LabNews, NewsKind } from '#shared/lab.ts'
import type { DoorAbilities, LabBridge } from '#shared/lab-bridge.ts'
import { notHeardOf } from '#shared/place.ts'
import type { RunPlan, RunRecords, RunSummary } from '#shared/run.ts'
import type { ModelPlan } from '#shared/family/model.ts'
import type { ImportedModel } from '#shared/model.ts'
import { defaultSettings } from '#shared/settings.ts'
import { columnsOf, rowOf, thinned } from '#shared/thinning.ts'
import type { Study } from '#shared/study.ts'
import { createFakePlaces } from './fake-places.ts'
import { createFakeEvaluations } from './fake-evaluations.ts'

const corpus = (id: string, changes: Partial<Corpus> = {}): Corpus => ({
  id,
  name: `Text ${id}`,
  origin: 'bundled',
  state: 'finished',
  source: 'a test',
  licence: 'CC0 1.0',
  bytes: 10_000_000,
  documents: 2000,
  duplicates: 3,
  splits: {
    train: { documents: 1800, bytes: 9e6 },
    validation: { documents: 100, bytes: 5e5 },
    test: { documents: 100, bytes: 5e5 },
  },
  createdMs: 0,
  progress: null,
  message: null,
  ...changes,
})

const machine: Machine = {
  cpu: 'A test of a processor',
  cores: 2,
  memoryBytes: 16e9,
  cardMemoryBytes: null,
  engine: 'native',
  reason: 'The fastest that ran.',
  measuredMs: 1,
  probes: [
    {
      name: 'native',
      isAvailable: true,
      description: 'native, 2 threads',
      tokensPerSecond: 20_000,
      flopsPerSecond: 5e10,
    },
    {
      name: 'gpu',
      isAvailable: false,
      description: 'No graphics adapter here.',
      tokensPerSecond: null,
      flopsPerSecond: null,
    },
  ],
  calibration: [
    { width: 32, flopsPerSecond: 2e10 },
    { width: 256, flopsPerSecond: 6e10 },
  ],
}

const fakeShape = { layers: 2, width: 8, heads: 2, context: 16, vocabulary: 50_257 }
const fakeModel: ModelPlan = {
  shape: fakeShape,
  activation: 'gelu',
  seed: 0,
  parametrisation: parametrisation(defaultRecipe, fakeShape),
}

export interface FakeLab extends LabBridge {
  /** Every request so far, by name and arguments. */
  asked: { name: string; args: unknown[] }[]
  /** The next request of this name is refused with this. */
  refuse(name: keyof Lab, fault: Fault): void
  tell<K extends NewsKind>(kind: K, news: LabNews[K]): void
  studies: Map<string, Study>
  corpora: Map<string, Corpus>
  /** How the documents of a corpus begin. */
  texts: Map<string, string>
  runs: Map<string, RunSummary>
  /** Trains a run up to a step, telling its records in one message; `isTold` false loses the message on the way. */
  train(runId: string, step: number, isTold?: boolean): void
  records: Map<string, RunRecords>
  evaluation: Pick<ReturnType<typeof createFakeEvaluations>, 'evaluations' | 'tasks' | 'finish'>
}

/** The loss of the scripted training: falls with compute, lower for larger models. */
export const fakeLoss = (parameters: number, share: number): number =>
  1.5 + 40 * parameters ** -0.3 + 3 * (1 - share) ** 4

export function createFakeLab(door: DoorAbilities = {}): FakeLab {
  const listeners = new Map<NewsKind, Set<(news: never) => void>>()
  const refusals = new Map<string, Fault>()
  const deleted = new Map<string, Study | RunSummary | Corpus | ImportedModel>()
  const deletedItems: DeletedItem[] = []
  const studies = new Map<string, Study>()
  const texts = new Map<string, string>()
  const runs = new Map<string, RunSummary>()
  const records = new Map<string, RunRecords>()
  const runPlans = new Map<string, RunPlan>()
  const corpora = new Map([
    ['a', corpus('a')],
    ['b', corpus('b')],
  ])
  const tokenized: TokenizedCorpus[] = []
  const checks = new Map<string, Check>()
  const annotations = new Map<string, Annotation>()
  const models = new Map<string, ImportedModel>()
  let settings = defaultSettings
  let ownMachines: MachineEntry[] = []
  let ownRows: OpennessEntry[] = []
  let lastId = 0

  const tell = <K extends NewsKind>(kind: K, news: LabNews[K]) => {
    for (const listener of listeners.get(kind) ?? []) listener(structuredClone(news) as never)
  }
  const found = <T>(map: Map<string, T>, id: string): T => {
    const one = map.get(id)
    if (!one) throw new Fault('not-found', `There is no ${id}.`)
    return one
  }
  const told = <K extends NewsKind>(kind: K, news: LabNews[K]): LabNews[K] => {
    tell(kind, news)
    return news
  }
  const putStudy = (study: Study) => {
    studies.set(study.id, study)
    tell('study', study)
    return study
  }
  const putRun = (run: RunSummary) => {
    runs.set(run.id, run)
    tell('run', run)
    return run
  }
  const putCheck = (check: Check) => {
    checks.set(check.id, check)
    tell('check', check)
    return check
  }
  const move = (runId: string, state: RunSummary['state']) => putRun({ ...found(runs, runId), state })
  const take = <T extends { id: string }>(map: Map<string, T>, id: string) => {
    deleted.set(id, found(map, id) as never)
    deletedItems.unshift({
      kind: map === (studies as unknown) ? 'study' : map === (runs as unknown) ? 'run' : 'corpus',
      id,
      name: (found(map, id) as { name?: string }).name ?? id,
      of: null,
      bytes: 1_000_000,
      deletedMs: Date.now(),
      keptUntilMs: Date.now() + 30 * 86_400_000,
    })
    map.delete(id)
  }
  const bring = <T>(map: Map<string, T>, id: string): T => {
    const one = found(deleted, id) as T
    deleted.delete(id)
    deletedItems.splice(
      deletedItems.findIndex((item) => item.id === id),
      1,
    )
    map.set(id, one)
    return one
  }

  const evaluation = createFakeEvaluations({ tell, runs, models })

  const places = createFakePlaces({ tell, runs })

  const lab: Lab = {
    ...evaluation.requests,
    ...places,
    about: async () => ({
      version: '0.0.0',
      door: 'web',
      home: '/home/lab',
      exportsFolder: '/home/lab/exports',
      platform: 'linux',
    }),
    listStudies: async () => [...studies.values()],
    createStudy: async (name) => {
      const { recipe, ladder, tokenizer } = studyPartsOf(starterPreset)
      return putStudy({
        id: `study-${++lastId}`,
        name,
        corpusId: 'a',
        tokenizer: tokenizer ?? { kind: 'bytes' },
        recipe,
        ladder,
        isArchived: false,
        createdMs: lastId,
        updatedMs: lastId,
      })
    },
    updateStudy: async (id, changes) => putStudy({ ...found(studies, id), ...changes, updatedMs: ++lastId }),
    duplicateStudy: async (id) =>
      putStudy({ ...found(studies, id), id: `study-${++lastId}`, name: `${found(studies, id).name} copy` }),
    deleteStudy: async (id) => take(studies, id),
    restoreStudy: async (id) => putStudy(bring(studies, id)),
    report: async (id) =>
      `<!doctype html><html><head><style>h1 { color: red }</style></head><body><main><h1>${found(studies, id).name}</h1></main></body></html>`,
    listDeleted: async () => [...deletedItems],
    emptyDeleted: async (ids) => {
      const gone = deletedItems.filter((item) => ids?.includes(item.id) ?? true)
      for (const item of gone) {
        deletedItems.splice(deletedItems.indexOf(item), 1)
        deleted.delete(item.id)
      }
      return gone.reduce((sum, { bytes }) => sum + bytes, 0)
    },
    studyDocument: async (id) => {
      const { name, tokenizer, recipe, ladder, corpusId } = found(studies, id)
      return {
        format: 'isoflop-study',
        version: 1,
        name,
        corpus: { id: corpusId, name: 'Text a', documents: 2000, bytes: 1e7 },
        tokenizer,
        recipe,
        ladder,
      }
    },
    importStudy: async (document) => {
      const { name } = document as { name?: string }
      if (!name) throw new Fault('bad-input', 'The file has no name.')
      return putStudy({ ...(await lab.createStudy(name)), ...(document as object) } as Study)
    },
    repeatReport: async () => ({ checks: [], runs: [] }),
    repeatStudy: async () => [],
    planStudy: async (id) =>
      planLadder(found(studies, id).ladder, { recipe: found(studies, id).recipe, vocabulary: 512 }, null, machine),
    trialCost: async (studyId, change, choices) => {
      const { name, ladder, recipe } = found(studies, studyId)
      const planned = (under: Recipe) => planLadder(ladder, { recipe: under, vocabulary: 512 }, null, machine)
      const steps = trialSteps({ ...recipe, ...change }, ladder, choices, planned)
      return trialCost(
        twinName(name, change),
        steps.map((step) => ({
          ...step,
          plans: planned(step.recipe).filter(({ memberId }) => step.memberIds.includes(memberId)),
        })),
        'sixNd',
      )
    },
    beginTrial: async (studyId, change) => {
      const { name, recipe } = found(studies, studyId)
      const twin = await lab.duplicateStudy(studyId)
      return putStudy({ ...twin, name: twinName(name, change), recipe: { ...recipe, ...change } })
    },
    sweepCost: async (studyId, choices) => {
      const study = found(studies, studyId)
      const planned = (ladder: Study['ladder'], recipe: Recipe) =>
        planLadder(ladder, { recipe, vocabulary: 512 }, null, machine)
      const { ladder, steps } = planSweep(study, choices, { vocabulary: 512 }, planned)
      return trialCost(
        sweepName(study.name, choices.field),
        steps.map((step) => ({
          ...step,
          plans: planned(ladder, step.recipe).filter(({ memberId }) => step.memberIds.includes(memberId)),
        })),
        'sixNd',
      )
    },
    beginSweep: async (studyId, { field }) =>
      putStudy({ ...(await lab.duplicateStudy(studyId)), name: sweepName(found(studies, studyId).name, field) }),
    studyEvidence: async (id) =>
      evidenceOf({
        study: found(studies, id),
        runs: [...runs.values()].filter(({ studyId }) => studyId === id),
        plans: [...runPlans.values()],
        cooldownLoss: () => null,
        textOf: (plan) => ({ ...plan, name: 'Text a', content: 'a', bytesPerToken: 2 }),
      }),
    listCorpora: async () => [...corpora.values()],
    addCorpus: async (paths, name) => {
      const made = corpus(`added-${++lastId}`, {
        name,
        origin: 'added',
        state: 'running',
        source: paths[0],
        progress: { doneBytes: 0, totalBytes: 100 },
      })
      corpora.set(made.id, made)
      return made
    },
    changeCorpus: async (id, changes) => {
      const changed = { ...corpora.get(id)!, ...changes, ...(changes.field ? { state: 'running' as const } : {}) }
      corpora.set(id, changed)
      return told('corpus', changed)
    },
    cancelCorpus: async (id) => corpus(id, { state: 'cancelled' }),
    deleteCorpus: async (id) => take(corpora, id),
    restoreCorpus: async (id) => told('corpus', bring(corpora, id)),
    listTokenized: async () => tokenized,
    tokenizeCorpus: async (corpusId, tokenizer) => {
      const vocabulary = tokenizer.kind === 'bytes' ? 257 : tokenizer.kind === 'gpt2' ? 50_257 : tokenizer.vocabulary
      const made: TokenizedCorpus = {
        corpusId,
        tokenizer,
        state: 'finished',
        vocabulary,
        tokens: { train: 4e6, validation: 2e5, test: 2e5 },
        bytesPerToken: 2.3,
        progress: null,
        message: null,
      }
      tokenized.push(made)
      return made
    },
    corpusText: async (id) => texts.get(id) ?? `The beginning of ${id}.`,
    sampleCorpus: async () => [
      { id: 1, text: 'We' },
      { id: 2, text: ' the' },
      { id: 3, text: ' people' },
    ],
    machine: async () => machine,
    measureMachine: async () => machine,
    settings: async () => settings,
    updateSettings: async (changes) => (settings = { ...settings, ...changes }),
    listRuns: async (studyId) => [...runs.values()].filter((run) => !studyId || run.studyId === studyId),
    readRunPlans: async (runIds) => runIds.flatMap((id) => (runs.has(id) ? (runPlans.get(id) ?? []) : [])),
    startRuns: async (studyId, memberIds, options) => {
      const cluster = options?.systems === undefined ? undefined : { ...options, systems: options.systems }
      const plans = await lab.planStudy(studyId)
      return plans
        .filter((plan) => memberIds.includes(plan.memberId))
        .map((plan, i) => {
          const id = `run-${++lastId}`
          runPlans.set(id, makeRunPlan(found(studies, studyId), plan, id, 'native', 2, cluster))
          records.set(id, { runId: id, steps: [], validations: [], samples: [] })
          return putRun({
            id,
            studyId,
            memberId: plan.memberId,
            name: plan.name,
            state: i ? 'queued' : 'running',
            step: 0,
            steps: plan.steps,
            tokens: 0,
            parameters: plan.parameters,
            flops: plan.flops.sixNd,
            flopsPerToken: plan.flops.sixNd / plan.tokens,
            loss: null,
            validationLoss: null,
            bestValidationLoss: null,
            tokensPerSecond: null,
            secondsLeft: null,
            elapsedMs: 0,
            engine: 'native',
            device: null,
            peakBytes: null,
            createdMs: lastId,
            finishedMs: null,
            checkpoints: [],
            message: null,
            ...(cluster ? { systems: cluster.systems } : {}),
            ...(options?.on ? { place: { name: options.on, ...notHeardOf } } : {}),
          })
        })
    },
    killPart: async (runId) => {
      if (!found(runs, runId).systems) throw new Fault('conflict', 'This run does not train on a cluster.')
    },
    pauseRun: async (id) => move(id, 'paused'),
    resumeRun: async (id) => move(id, 'queued'),
    stopRun: async (id) => move(id, 'cancelled'),
    rescoreRuns: async (ids) => ids.map((id) => move(id, 'queued')),
    deleteRun: async (id) => take(runs, id),
    restoreRun: async (id) => putRun(bring(runs, id)),
    readRecords: async (runId, after) => {
      const { steps, validations, samples } = found(records, runId)
      const later = <T extends { step: number }>(all: T[]) => all.filter((record) => record.step > after)
      return { runId, steps: later(steps), validations: later(validations), samples: later(samples) }
    },
    readCurve: async (runId, { afterStep, upToStep = Infinity, widest }) => {
      const { steps, validations, samples } = found(records, runId)
      const within = <T extends { step: number }>(all: T[]) =>
        all.filter(({ step }) => step > afterStep && step <= upToStep)
      return {
        runId,
        rows: columnsOf(thinned(within(steps).map(rowOf), widest)),
        validations: within(validations),
        samples: within(samples),
      }
    },
    listAnnotations: async () => [...annotations.values()],
    annotate: async (kind, id, changes) => {
      const key = `${kind} ${id}`
      const one = { ...(annotations.get(key) ?? { kind, id, note: '', tags: [] }), ...changes }
      annotations.set(key, one)
      tell('annotation', one)
      return one
    },
    listChecks: async (studyId) => [...checks.values()].filter((check) => check.studyId === studyId),
    startCheck: async (studyId, kind, choices) => {
      const { widths, layers, steps, learningRates } = planCheck(kind, choices, {
        recipe: found(studies, studyId).recipe,
        vocabulary: 512,
        engine: 'native',
        threads: 2,
      })
      return putCheck({
        id: `check-${++lastId}`,
        studyId,
        kind,
        state: 'running',
        choices: { widths, layers, steps, learningRates },
        engine: 'native',
        coordinates: [],
        transfer: [],
        share: 0,
        secondsLeft: null,
        message: null,
        code: null,
        createdMs: lastId,
        finishedMs: null,
      })
    },
    stopCheck: async (checkId) => putCheck({ ...found(checks, checkId), state: 'cancelled' }),
    listCheckpoints: async (studyId) =>
      [...runs.values()]
        .filter((run) => !studyId || run.studyId === studyId)
        .flatMap(({ id, memberId, name, tokens, loss, validationLoss, checkpoints }) =>
          checkpoints.map((step, i) => ({
            runId: id,
            memberId,
            name,
            step,
            tokens,
            loss,
            validationLoss,
            bytes: 1e6,
            isLast: i === checkpoints.length - 1,
            model: fakeModel,
            made: {
              recipe: defaultRecipe,
              steps: step,
              batchSequences: 4,
              peakLearningRate: 1e-3,
              tokenizer: { kind: 'bytes' as const },
              corpusId: 'a',
              parameters: 2000,
              origin: null,
            },
          })),
        ),
    listModels: async () => [...models.values()],
    importModel: async (origin, name) => {
      const made: ImportedModel = {
        id: `model-${++lastId}`,
        name: name ?? 'A model',
        origin,
        state: 'finished',
        parameters: 2000,
        bytes: 8000,
        dtypes: ['F32'],
        tokenizer: { kind: 'gpt2' },
        licence: 'mit',
        plan: fakeModel,
        progress: null,
        message: null,
        createdMs: lastId,
      }
      models.set(made.id, made)
      tell('model', made)
      return made
    },
    convertModel: () => Promise.reject(new Fault('unavailable', 'Nothing is converted here.')),
    cancelModel: async (id) => found(models, id),
    deleteModel: async (id) => take(models, id),
    restoreModel: async (id) => told('model', bring(models, id)),
    export: async (_subject, folder) => ({
      folder,
      files: [{ name: 'model.safetensors', bytes: 1000 }],
      largestDifference: 0,
    }),
    continueModel: async (studyId, modelId) => {
      const [first] = await lab.startRuns(studyId, [
        [...studies.values()].find(({ id }) => id === studyId)!.ladder.members[0].id,
      ])
      return putRun({
        ...first,
        memberId: `model-${modelId}`,
        name: `${found(models, modelId).name}, continued`,
        origin: { modelId, name: found(models, modelId).name },
      })
    },
    generate: async (_subject, { prompt, tokens }, generationId) => {
      const next = [
        { id: 1, text: ' and', probability: 0.75 },
        { id: 2, text: ' or', probability: 0.25 },
      ]
      const written = tokens > 0 ? [{ ...next[0], candidates: next }] : []
      if (written.length) tell('generated', { generationId, tokens: written })
      return {
        prompt: [{ id: 5, text: prompt }],
        tokens: written,
        text: written.map(({ text }) => text).join(''),
        next,
        tokensPerSecond: 100,
        device: 'a test',
      }
    },
    stopGenerating: async () => undefined,
    describeWeights: async () => [
      { name: 'wte.weight', shape: [4, 2], mean: 0, std: 1, min: -2, max: 2, histogram: [1, 2, 3, 2], broken: 0 },
    ],
    readAttention: async (_subject, text, layer) => ({
      tokens: [
        { id: 1, text },
        { id: 2, text: '.' },
      ],
      layer,
      layers: 2,
      heads: [
        [1, 0, 0.5, 0.5],
        [1, 0, 0.25, 0.75],
      ],
    }),
    compareWeights: async () => ({
      tensors: [{ name: 'wte.weight', shape: [4, 2], norm: 0.5, relative: 0.1, largest: 0.2 }],
      reason: null,
      norm: 0.5,
      relative: 0.1,
    }),
    clusterCatalogue: async () => ({
      machines: [...machines.map((one) => ({ machine: one, isOwn: false })), ...ownMachines],
      models: [...clusterModels],
      problems: [],
    }),
    saveClusterMachine: async (given) => {
      const entry = { machine: readMachine(given), isOwn: true }
      ownMachines = [...ownMachines.filter(({ machine }) => machine.id !== entry.machine.id), entry]
      return entry
    },
    deleteClusterMachine: async (id) => void (ownMachines = ownMachines.filter(({ machine }) => machine.id !== id)),
    opennessCatalogue: async () => ({
      rows: [...publishedOpenness.map((row) => ({ row, isOwn: false })), ...ownRows],
      problems: [],
    }),
    saveOpennessRow: async (given) => {
      const entry = { row: readOpennessRow(given), isOwn: true }
      ownRows = [...ownRows.filter(({ row }) => row.id !== entry.row.id), entry]
      return entry
    },
    deleteOpennessRow: async (id) => void (ownRows = ownRows.filter(({ row }) => row.id !== id)),
    searchPlans: async ({ model, machine: file, request }) => ({
      id: `search-${++lastId}`,
      modelName: model.name,
      machineName: file.name,
      request,
      state: 'running',
      evaluated: 0,
      share: 0,
      elapsedMs: 0,
      result: null,
      message: null,
      code: null,
    }),
    stopPlanSearch: async () => {
      throw new Fault('not-found', 'There is no such search.')
    },
    clusterValidation: async () => validationReport(),
  }

  const asked: FakeLab['asked'] = []
  return {
    asked,
    evaluation,
    studies,
    corpora,
    texts,
    runs,
    records,
    tell,
    door,
    refuse: (name, fault) => void refusals.set(name, fault),
    request: (async (name: keyof Lab, ...args: unknown[]) => {
      asked.push({ name, args: structuredClone(args) }) // as the wire would: a proxy throws here
      const refusal = refusals.get(name)
      refusals.delete(name)
      if (refusal) throw refusal
      return structuredClone(await (lab[name] as (...given: unknown[]) => Promise<unknown>)(...args))
    }) as LabBridge['request'],
    listen(kind, listener) {
      const all = listeners.get(kind) ?? new Set()
      listeners.set(kind, all.add(listener as (news: never) => void))
      return () => void all.delete(listener as (news: never) => void)
    },
    train(runId, step, isTold = true) {
      const run = found(runs, runId)
      const kept = found(records, runId)
      const perStep = run.flops / run.flopsPerToken / run.steps
      const fresh: RunRecords = { runId, steps: [], validations: [], samples: [] }
      for (let at = run.step + 1; at <= step; at++) {
        const loss = fakeLoss(run.parameters, at / run.steps)
        fresh.steps.push({
          step: at,
          tokens: at * perStep,
          loss,
          gradientNorm: 1,
          learningRate: 1e-3,
          elapsedMs: at * 10,
        })
        if (at % 100 === 0 || at === run.steps)
          fresh.validations.push({ step: at, tokens: at * perStep, loss, elapsedMs: at * 10 })
      }
      kept.steps.push(...fresh.steps)
      kept.validations.push(...fresh.validations)
      if (isTold) tell('records', fresh)
      const isDone = step >= run.steps
      const loss = fakeLoss(run.parameters, step / run.steps)
      putRun({
        ...run,
        step,
        tokens: step * perStep,
        loss,
        state: isDone ? 'finished' : 'running',
        ...(isDone ? { validationLoss: loss, bestValidationLoss: loss, checkpoints: [step] } : {}),
      })
    },
  }
}
