// What may be asked of a lab that is open to read only: beside another process that has it, or on a disk that takes
// nothing.
import type { Lab } from '#shared/lab.ts'

const reading = [
  'about',
  'listStudies',
  'studyDocument',
  'planStudy',
  'studyEvidence',
  'report',
  'listDeleted',
  'listCorpora',
  'listTokenized',
  'sampleCorpus',
  'machine',
  'settings',
  'listRuns',
  'readRunPlans',
  'readRecords',
  'listSlurmClusters',
  'previewSubmission',
  'listAnnotations',
  'listChecks',
  'listCheckpoints',
  'listModels',
  'convertModel',
  'export',
  'generate',
  'stopGenerating',
  'describeWeights',
  'readAttention',
  'compareWeights',
  'listTasks',
  'listEvaluations',
  'readSamples',
  'automaticEvaluation',
  'clusterCatalogue',
  'searchPlans',
  'stopPlanSearch',
  'clusterValidation',
] as const satisfies readonly (keyof Lab)[]

export const isReading = (request: keyof Lab): boolean => (reading as readonly string[]).includes(request)
