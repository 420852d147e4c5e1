// What a task is: where its items come from, how a row of a file becomes an item, and what is measured.

export type TaskKind =
  | 'choices' // one context, several continuations; the most likely should be the right one
  | 'contexts' // several contexts, one continuation; the context that makes it most likely should be the right one
  | 'last-word' // is the last word of a text the one the model would have written?
  | 'text' // how likely is a text, token after token

export type MetricName =
  | 'acc'
  | 'acc_norm'
  | 'perplexity'
  | 'word_perplexity'
  | 'byte_perplexity'
  | 'bits_per_byte' // of whole texts: all bits over all bytes
  | 'answer_bits_per_byte' // of the right answers: the mean over items of −log2 p(answer | prompt) / bytes of the answer

/** A task as `resources/tasks/*.json` describes it. */
export interface TaskRecord {
  name: string
  title: string
  /** For people: what it asks of a model. */
  about: string
  source: string
  licence: string
  kind: TaskKind
  /** Of the only texts that it can be made of; any where it does not say. */
  language?: 'en'
  metrics: MetricName[]
  /** `acc` of a model that guesses; null where guessing gives nothing. */
  chance: number | null
  /** Ways in which a row may be laid out: the hub's own first. */
  forms: RowForm[]
  /**
   * Whether lm-evaluation-harness's sampler leaves the item itself out of its examples, which costs it one more draw.
   */
  harnessDrawsOneMore: boolean
  /** Where the rows are on the Hugging Face hub; null for tasks made here. */
  hub: HubSource | null
}

export interface HubSource {
  dataset: string
  config: string | null
  split: string
  /** null: examples come from the evaluated split. */
  shotsSplit: string | null
}

/**
 * How one row becomes an item. Texts are templates: `{field}`, or `{field|capitalize}` and
 * `{field|lstrip}` as Python's str.capitalize and str.lstrip.
 * A field may be a path, `choices.text`.
 */
export interface RowForm {
  /** `choices`, `last-word`, `text`: the template of the context, or of the whole text. */
  context?: string
  /** `choices`: a field that holds a list of texts, or a template for each. */
  choices?: string | string[]
  /** `contexts`: a field that holds a list of texts. */
  contexts?: string
  /** `contexts`: the template of what follows them. */
  continuation?: string
  /**
   * `contexts`, instead of the two above: a field with a sentence that has a `_`, and the fields that may stand there.
   */
  blank?: { sentence: string; options: string[] }
  gold?: GoldRule
  /**
   * `brackets`: HellaSwag's cleaning of WikiHow's marks. `wikitext`: WikiText's spaces are taken out again; words and
   * bytes are counted of the text with them, as the harness does.
   */
  clean?: 'brackets' | 'wikitext'
}

/**
 * Which choice is right: the number in a field, counted from `from` (0 if absent), where true is 1 and false 0; or its
 * place in the list of labels `in`; or `always` the same one, where the form itself puts it there.
 */
export type GoldRule = { field: string; from?: number; in?: string } | { always: number }
