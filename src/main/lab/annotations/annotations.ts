// Notes and tags of runs and studies. They have a table of their own: a run that trains rewrites its record at every
// step, and would write over what a person says about it meanwhile.
import type { Annotation, AnnotationChanges, AnnotationKind } from '#shared/annotation.ts'
import type { News } from '#main/lab/news.ts'
import type { Database } from '#main/platform/disk/database.ts'

export interface AnnotationsDeps {
  db: Database
  news: Pick<News, 'tell'>
  /** Throws `not-found` where there is no such thing. */
  read: (kind: AnnotationKind, id: string) => unknown
}

export interface Annotations {
  /** Of everything that has a note or a tag. */
  list(): Annotation[]
  /** What is undefined stays as it is. Throws `not-found` where there is no such run or study. */
  change(kind: AnnotationKind, id: string, changes: AnnotationChanges): Annotation
  /** Forgets those of runs and studies that are gone for good. */
  purge(): void
}

export function createAnnotations({ db, news, read }: AnnotationsDeps): Annotations {
  const find = (kind: AnnotationKind, id: string): Annotation => {
    const row = db.get<{ record: string }>('SELECT record FROM annotations WHERE kind = ? AND id = ?', kind, id)
    return row ? (JSON.parse(row.record) as Annotation) : { kind, id, note: '', tags: [] }
  }
  return {
    list: () =>
      db
        .all<{ record: string }>('SELECT record FROM annotations ORDER BY kind, id')
        .map(({ record }) => JSON.parse(record) as Annotation)
        .filter(({ note, tags }) => note !== '' || tags.length > 0),
    change: (kind, id, { note, tags }) => {
      read(kind, id)
      const known = find(kind, id)
      const annotation: Annotation = { ...known, note: note ?? known.note, tags: tags ?? known.tags }
      db.run(
        'INSERT INTO annotations (kind, id, record) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET record = excluded.record',
        kind,
        id,
        JSON.stringify(annotation),
      )
      news.tell('annotation', annotation)
      return annotation
    },
    purge: () => {
      db.run("DELETE FROM annotations WHERE kind = 'run' AND id NOT IN (SELECT id FROM runs)")
      db.run("DELETE FROM annotations WHERE kind = 'study' AND id NOT IN (SELECT id FROM studies)")
    },
  }
}
