// Writing a report as work of its own: the law in it is refitted some hundred times for its intervals.
import type { ReportData } from './data.ts'
import { writeReport } from './report.ts'

export interface ReportJob {
  kind: 'report'
  data: ReportData
}

export async function* reportJob({ data }: ReportJob): AsyncGenerator<never, string> {
  yield* []
  return writeReport(data)
}
