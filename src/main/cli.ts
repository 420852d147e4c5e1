// Where the command line is put together: the same lab, `isoflop <command>`.
import { runProgram } from '#main/doors/cli/program.ts'
import { benchCommand } from '#main/doors/cli/bench.ts'
import { carryCommands } from '#main/doors/cli/carry.ts'
import { clusterCommand } from '#main/doors/cli/cluster.ts'
import { compareCommand } from '#main/doors/cli/compare.ts'
import { tryCommand } from '#main/doors/cli/try.ts'
import { corpusCommand } from '#main/doors/cli/corpus.ts'
import { demoCommand } from '#main/doors/cli/demo.ts'
import { evaluateCommand } from '#main/doors/cli/evaluate.ts'
import { emulateCommand } from '#main/doors/cli/emulate.ts'
import { exportCommand } from '#main/doors/cli/export.ts'
import { fitCommand } from '#main/doors/cli/fit.ts'
import { forecastCommand } from '#main/doors/cli/forecast.ts'
import { generateCommand } from '#main/doors/cli/generate.ts'
import { jobCommand } from '#main/doors/cli/job.ts'
import { mupCheckCommand } from '#main/doors/cli/mup-check.ts'
import { importCommand } from '#main/doors/cli/import.ts'
import { handOverCommand } from '#main/doors/cli/hand-over.ts'
import { inspectCommand } from '#main/doors/cli/inspect.ts'
import { modelsCommand } from '#main/doors/cli/models.ts'
import { opennessCommand } from '#main/doors/cli/openness.ts'
import { planCommand } from '#main/doors/cli/plan.ts'
import { resumeCommand } from '#main/doors/cli/resume.ts'
import { rescoreCommand } from '#main/doors/cli/rescore.ts'
import { annotateCommand } from '#main/doors/cli/annotate.ts'
import { reportCommand } from '#main/doors/cli/report.ts'
import { runsCommand } from '#main/doors/cli/runs.ts'
import { serveCommand } from '#main/doors/cli/serve.ts'
import { studiesCommand } from '#main/doors/cli/studies.ts'
import { sweepCommand } from '#main/doors/cli/sweep.ts'
import { trashCommand } from '#main/doors/cli/trash.ts'
import { trainCommand } from '#main/doors/cli/train.ts'
import manifest from '../../package.json' with { type: 'json' }

void runProgram(
  [
    demoCommand,
    planCommand,
    fitCommand,
    forecastCommand,
    compareCommand,
    tryCommand,
    sweepCommand,
    mupCheckCommand,
    trainCommand,
    resumeCommand,
    rescoreCommand,
    runsCommand,
    annotateCommand,
    reportCommand,
    exportCommand,
    generateCommand,
    evaluateCommand,
    importCommand,
    modelsCommand,
    inspectCommand,
    opennessCommand,
    studiesCommand,
    corpusCommand,
    trashCommand,
    emulateCommand,
    benchCommand,
    clusterCommand,
    carryCommands,
    handOverCommand,
    jobCommand,
    serveCommand,
  ],
  { args: process.argv.slice(2), version: manifest.version },
)
