/**
 * Events, messages in both directions, and gateways' lists. Serials ascend with arrival: what is the oldest stands at the beginning of each table and
 * of each device in the index.
 */
export const MESSAGE_TABLES = `
  CREATE TABLE events (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, device TEXT NOT NULL, arrived_at INTEGER NOT NULL, bytes INTEGER NOT NULL,
    at INTEGER NOT NULL, name TEXT NOT NULL, severity TEXT, event TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_device ON events (cloud, device);
  CREATE INDEX events_by_time ON events (cloud, device, at);

  -- What devices sent: JSON in 'content', or bytes in 'payload'.
  CREATE TABLE received (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, device TEXT NOT NULL, arrived_at INTEGER NOT NULL, bytes INTEGER NOT NULL,
    content TEXT, payload BLOB
  ) STRICT;
  CREATE INDEX received_by_device ON received (cloud, device);

  -- What applications gave for devices. 'is_waiting': not delivered, nor given up.
  CREATE TABLE letters (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, device TEXT NOT NULL, arrived_at INTEGER NOT NULL, id TEXT NOT NULL,
    is_waiting INTEGER NOT NULL, letter TEXT NOT NULL, UNIQUE (cloud, device, id)
  ) STRICT;
  CREATE INDEX letters_by_device ON letters (cloud, device);
  CREATE INDEX letters_waiting ON letters (cloud, device) WHERE is_waiting = 1;

  CREATE TABLE gateway_lists (gateway TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE gateway_changes (
    gateway TEXT NOT NULL, version INTEGER NOT NULL, change TEXT NOT NULL, children TEXT NOT NULL, PRIMARY KEY (gateway, version)
  ) STRICT, WITHOUT ROWID;
`;
