/** The schema's history. Append; never edit an entry that was released. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE vm (
    id TEXT PRIMARY KEY,
    hostname TEXT NOT NULL UNIQUE,
    host_group TEXT NOT NULL,
    kind TEXT NOT NULL,
    spec_json TEXT NOT NULL,
    image_id TEXT NOT NULL,
    hypervisor TEXT NOT NULL,
    network_slot INTEGER NOT NULL UNIQUE,
    created_at_ms INTEGER NOT NULL,
    phase TEXT NOT NULL,
    phase_since_ms INTEGER NOT NULL,
    reason TEXT,
    machine TEXT
  ) STRICT;
  CREATE TABLE vm_event (
    id INTEGER PRIMARY KEY,
    vm_id TEXT NOT NULL,
    hostname TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    input TEXT NOT NULL,
    phase TEXT NOT NULL,
    reason TEXT
  ) STRICT;
  `,
];
