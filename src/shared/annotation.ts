// What a person writes about a run or a study: a note of any length, and tags to find it by.

export const annotationKinds = ['run', 'study'] as const
export type AnnotationKind = (typeof annotationKinds)[number]

export interface Annotation {
  kind: AnnotationKind
  /** Of the run or the study. */
  id: string
  /** Empty: none. */
  note: string
  tags: string[]
}

export type AnnotationChanges = Partial<Pick<Annotation, 'note' | 'tags'>>
