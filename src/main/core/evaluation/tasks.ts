// The tasks that ship with the lab, by name.
import type { TaskRecord } from '#shared/evaluation/task.ts'
import { Fault } from '#shared/fault.ts'
import agreement from '../../../../resources/tasks/agreement.json' with { type: 'json' }
import arcChallenge from '../../../../resources/tasks/arc_challenge.json' with { type: 'json' }
import arcEasy from '../../../../resources/tasks/arc_easy.json' with { type: 'json' }
import arithmetic from '../../../../resources/tasks/arithmetic.json' with { type: 'json' }
import blimp from '../../../../resources/tasks/blimp.json' with { type: 'json' }
import boolq from '../../../../resources/tasks/boolq.json' with { type: 'json' }
import brackets from '../../../../resources/tasks/brackets.json' with { type: 'json' }
import cloze from '../../../../resources/tasks/cloze.json' with { type: 'json' }
import continuation from '../../../../resources/tasks/continuation.json' with { type: 'json' }
import copy from '../../../../resources/tasks/copy.json' with { type: 'json' }
import hellaswag from '../../../../resources/tasks/hellaswag.json' with { type: 'json' }
import lambadaOpenai from '../../../../resources/tasks/lambada_openai.json' with { type: 'json' }
import openbookqa from '../../../../resources/tasks/openbookqa.json' with { type: 'json' }
import piqa from '../../../../resources/tasks/piqa.json' with { type: 'json' }
import prepositions from '../../../../resources/tasks/prepositions.json' with { type: 'json' }
import repetition from '../../../../resources/tasks/repetition.json' with { type: 'json' }
import reverse from '../../../../resources/tasks/reverse.json' with { type: 'json' }
import sciq from '../../../../resources/tasks/sciq.json' with { type: 'json' }
import text from '../../../../resources/tasks/text.json' with { type: 'json' }
import wikitext from '../../../../resources/tasks/wikitext.json' with { type: 'json' }
import winogrande from '../../../../resources/tasks/winogrande.json' with { type: 'json' }
import wordOrder from '../../../../resources/tasks/word_order.json' with { type: 'json' }

/** The seven of the Cerebras-GPT study first, then others of the harness, texts, those made of a text, and drills. */
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
  cloze,
  wordOrder,
  agreement,
  prepositions,
  continuation,
  repetition,
  copy,
  reverse,
  brackets,
  arithmetic,
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
