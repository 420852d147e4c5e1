// What a person set for the whole lab, kept in the store.
import type { News } from './news.ts'
import type { Database } from '#main/platform/disk/database.ts'
import { defaultSettings } from '#shared/settings.ts'
import type { Settings } from '#shared/settings.ts'

export interface SettingsRoom {
  read(): Settings
  update(changes: Partial<Settings>): Settings
}

export function createSettings(db: Database, news: Pick<News, 'tell'>): SettingsRoom {
  const read = (): Settings => ({ ...defaultSettings, ...readValue<Partial<Settings>>(db, 'settings') })
  return {
    read,
    update: (changes) => {
      const settings = { ...read(), ...changes }
      writeValue(db, 'settings', settings)
      news.tell('settings', settings)
      return settings
    },
  }
}

/** One remembered value of the store, or null. */
export function readValue<T>(db: Database, name: string): T | null {
  const row = db.get<{ value: string }>('SELECT value FROM settings WHERE name = ?', name)
  return row ? (JSON.parse(row.value) as T) : null
}

export function writeValue(db: Database, name: string, value: unknown): void {
  db.run(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    name,
    JSON.stringify(value),
  )
}
