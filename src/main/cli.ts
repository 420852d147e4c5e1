// Where the command line is put together: the same lab, `isoflop <command>`.
import { runProgram } from '#main/cli/program.ts'
import { benchCommand } from '#main/cli/bench.ts'
import { corpusCommand } from '#main/cli/corpus.ts'
import { demoCommand } from '#main/cli/demo.ts'
import { evaluateCommand } from '#main/cli/evaluate.ts'
import { emulateCommand } from '#main/cli/emulate.ts'
import { exportCommand } from '#main/cli/export.ts'
import { fitCommand } from '#main/cli/fit.ts'
import { forecastCommand } from '#main/cli/forecast.ts'
import { generateCommand } from '#main/cli/generate.ts'
import { mupCheckCommand } from '#main/cli/mup-check.ts'
import { importCommand } from '#main/cli/import.ts'
import { inspectCommand } from '#main/cli/inspect.ts'
import { modelsCommand } from '#main/cli/models.ts'
import { planCommand } from '#main/cli/plan.ts'
import { resumeCommand } from '#main/cli/resume.ts'
import { runsCommand } from '#main/cli/runs.ts'
import { serveCommand } from '#main/cli/serve.ts'
import { studiesCommand } from '#main/cli/studies.ts'
import { trainCommand } from '#main/cli/train.ts'
import manifest from '../../package.json' with { type: 'json' }

void runProgram([
  demoCommand,
  planCommand,
  fitCommand,
  forecastCommand,
  mupCheckCommand,
  trainCommand,
  resumeCommand,
  runsCommand,
  exportCommand,
  generateCommand,
  evaluateCommand,
  importCommand,
  modelsCommand,
  inspectCommand,
  studiesCommand,
  corpusCommand,
  emulateCommand,
  benchCommand,
  serveCommand,
], { args: process.argv.slice(2), version: manifest.version })
