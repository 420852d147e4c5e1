// The tasks that ship with the lab, by name.
import type { TaskRecord } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import arcChallenge from '../../../../resources/tasks/arc_challenge.json' with { type: 'json' }
import arcEasy from '../../../../resources/tasks/arc_easy.json' with { type: 'json' }
import arithmetic from '../../../../resources/tasks/arithmetic.json' with { type: 'json' }
import blimp from '../../../../resources/tasks/blimp.json' with { type: 'json' }
import boolq from '../../../../resources/tasks/boolq.json' with { type: 'json' }
import brackets from '../../../../resources/tasks/brackets.json' with { type: 'json' }
import cloze from '../../../../resources/tasks/cloze.json' with { type: 'json' }
import copy from '../../../../resources/tasks/copy.json' with { type: 'json' }
import hellaswag from '../../../../resources/tasks/hellaswag.json' with { type: 'json' }
import lambadaOpenai from '../../../../resources/tasks/lambada_openai.json' with { type: 'json' }
import openbookqa from '../../../../resources/tasks/openbookqa.json' with { type: 'json' }
import piqa from '../../../../resources/tasks/piqa.json' with { type: 'json' }
import reverse from '../../../../resources/tasks/reverse.json' with { type: 'json' }
import sciq from '../../../../resources/tasks/sciq.json' with { type: 'json' }
import text from '../../../../resources/tasks/text.json' with { type: 'json' }
import wikitext from '../../../../resources/tasks/wikitext.json' with { type: 'json' }
import winogrande from '../../../../resources/tasks/winogrande.json' with { type: 'json' }

/** The seven of the Cerebras-GPT study first, then others of the harness, then texts, then the synthetic ones. */
export const tasks: readonly TaskRecord[] = [
  hellaswag,
  piqa,
  winogrande,
  lambadaOpenai,
  arcEasy,
  arcChallenge,
  openbookqa,
  boolq,
  sciq,
  blimp,
  text,
  wikitext,
  copy,
  reverse,
  brackets,
  arithmetic,
  cloze,
] as TaskRecord[]

export function findTask(name: string): TaskRecord {
  const found = tasks.find((task) => task.name === name)
  if (!found)
    throw new Fault(
      'not-found',
      `There is no task called "${name}". There are ${tasks.map((task) => task.name).join(', ')}.`,
    )
  return found
}
