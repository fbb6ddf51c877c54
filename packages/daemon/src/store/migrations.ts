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
  // Until here every VM had a user-mode network or none, and there were no secrets.
  `
  ALTER TABLE vm ADD COLUMN address TEXT;
  UPDATE vm SET address = '10.233.' || ((network_slot * 16 + 4) >> 8) || '.' || ((network_slot * 16 + 4) & 255)
    WHERE json_extract(spec_json, '$.networkMode') = 'user';
  UPDATE vm SET spec_json = json_remove(json_set(spec_json,
    '$.network', json_object('settings', json_object('mode', json_extract(spec_json, '$.networkMode')), 'dns', json('[]')),
    '$.secrets', json('[]')), '$.networkMode');
  `,
  // Where the memory of a suspended VM is.
  `
  ALTER TABLE vm ADD COLUMN saved_name TEXT;
  ALTER TABLE vm ADD COLUMN restore_at_start INTEGER NOT NULL DEFAULT 0;
  `,
  // What a VM's disk stands on, how the VM began, and what a copy's agent confirmed.
  `
  ALTER TABLE vm ADD COLUMN layer TEXT;
  ALTER TABLE vm ADD COLUMN origin_json TEXT NOT NULL DEFAULT '{"how":"boot"}';
  ALTER TABLE vm ADD COLUMN receipt_json TEXT;
  `,
  // Disks that were committed.
  `
  CREATE TABLE vm_commit (
    id TEXT PRIMARY KEY,
    source_vm_id TEXT NOT NULL,
    source_hostname TEXT NOT NULL,
    host_group TEXT NOT NULL,
    image_id TEXT NOT NULL,
    layer TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    cache_key TEXT UNIQUE,
    tags_json TEXT NOT NULL,
    labels_json TEXT NOT NULL,
    spec_json TEXT NOT NULL
  ) STRICT;
  `,
  // Until here the address of a network card followed from the host name, and it does where none is stored.
  `
  ALTER TABLE vm ADD COLUMN mac TEXT;
  `,
  // Until here every VM was the operator's.
  `
  ALTER TABLE vm ADD COLUMN owner TEXT;
  `,
  // The operator's history is that of the operator's VMs.
  `
  ALTER TABLE vm_event ADD COLUMN owner TEXT;
  `,
  // What an Aleph node runs for messages, and has run; and its ports that lead there.
  `
  CREATE TABLE aleph_execution (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    vm_hash TEXT NOT NULL,
    vm_id INTEGER NOT NULL,
    vm_type TEXT NOT NULL,
    network_json TEXT NOT NULL,
    original_json TEXT NOT NULL,
    message_json TEXT,
    defined_at_ms INTEGER NOT NULL,
    preparing_at_ms INTEGER,
    prepared_at_ms INTEGER,
    starting_at_ms INTEGER,
    started_at_ms INTEGER,
    stopping_at_ms INTEGER,
    stopped_at_ms INTEGER,
    persistent INTEGER NOT NULL,
    expires_at_ms INTEGER,
    ended TEXT,
    task_json TEXT,
    gpus_json TEXT NOT NULL,
    ports_json TEXT NOT NULL,
    confidential_json TEXT
  ) STRICT;
  CREATE INDEX aleph_execution_of_vm ON aleph_execution (vm_hash);
  CREATE TABLE aleph_port_mapping (
    id INTEGER PRIMARY KEY,
    vm_hash TEXT NOT NULL,
    vm_port INTEGER NOT NULL,
    host_port INTEGER NOT NULL,
    tcp INTEGER NOT NULL,
    udp INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    deleted_at_ms INTEGER
  ) STRICT;
  CREATE INDEX aleph_port_mapping_of_vm ON aleph_port_mapping (vm_hash);
  CREATE UNIQUE INDEX aleph_port_mapping_host ON aleph_port_mapping (host_port) WHERE deleted_at_ms IS NULL;
  `,
  // Browsers that have signed in; the key is no id of theirs, but what an id becomes under the token.
  `
  CREATE TABLE session (
    key TEXT PRIMARY KEY,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL
  ) STRICT;
  `,
];
