// The tables of the store, and how each version became the next. A migration that has shipped is never edited.
import type { Schema } from './database.ts'

const first = `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE studies (id TEXT PRIMARY KEY, record TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE corpora (id TEXT PRIMARY KEY, record TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE tokenized (key TEXT PRIMARY KEY, corpus TEXT NOT NULL, record TEXT NOT NULL);
  CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    study TEXT NOT NULL,
    plan TEXT NOT NULL,
    summary TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX runs_by_study ON runs (study);
  CREATE TABLE steps (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    loss REAL NOT NULL,
    gradientNorm REAL NOT NULL,
    learningRate REAL NOT NULL,
    elapsedMs REAL NOT NULL,
    PRIMARY KEY (run, step)
  ) WITHOUT ROWID;
  CREATE TABLE validations (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    loss REAL NOT NULL,
    elapsedMs REAL NOT NULL,
    PRIMARY KEY (run, step)
  ) WITHOUT ROWID;
  CREATE TABLE samples (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, step)
  ) WITHOUT ROWID;
`

const checks = `
  CREATE TABLE checks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    study TEXT NOT NULL,
    record TEXT NOT NULL
  );
  CREATE INDEX checks_by_study ON checks (study);
`

const models = `
  CREATE TABLE models (id TEXT PRIMARY KEY, record TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
`

const evaluations = `
  CREATE TABLE evaluations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    study TEXT NOT NULL,
    record TEXT NOT NULL,
    fingerprint TEXT,
    deleted INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX evaluations_by_study ON evaluations (study);
  CREATE TABLE automaticEvaluations (study TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE taskFiles (task TEXT NOT NULL, role TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (task, role)) WITHOUT ROWID;
`

const annotations = `
  CREATE TABLE annotations (kind TEXT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
`

const wholeSplits = `
  ALTER TABLE validations ADD COLUMN wholeLoss REAL;
  ALTER TABLE validations ADD COLUMN wholeTokens INTEGER;
  ALTER TABLE validations ADD COLUMN wholeError REAL;
`

const awaited = `
  CREATE TABLE awaitedEvaluations (run TEXT PRIMARY KEY) WITHOUT ROWID;
`

/** "IsoF" in ASCII. */
export const labSchema: Schema = {
  applicationId: 0x49736f46,
  migrations: [first, checks, models, evaluations, annotations, wholeSplits, awaited],
  keptBeside: ['runs', 'models', 'corpora'],
}
