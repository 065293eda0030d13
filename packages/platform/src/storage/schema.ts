import { LianyunError } from '@lianyun/protocol';
import type { Database } from './database.ts';
import { HISTORY_TABLES } from './schema-history.ts';
import { HUAWEI_FLEET_TABLES, HUAWEI_TABLES } from './schema-huawei.ts';
import { LOG_TABLES } from './schema-logs.ts';
import { MESSAGE_TABLES } from './schema-messages.ts';
import { OBJECT_TABLES } from './schema-objects.ts';
import { TENCENT_TABLES } from './schema-tencent.ts';
import { UPGRADE_TABLES } from './schema-upgrades.ts';

/**
 * What makes each version of the schema out of the one before; the first makes it out of nothing. A step that was published never changes: files
 * of its version are out there.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- 'key': a known text under the key of this database, so that another key is told from the right one.
  CREATE TABLE seals (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;

  -- Every index below ends with the serial, which is the row id: pages come out of it in their order.
  CREATE TABLE products (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, product_id TEXT NOT NULL, name TEXT NOT NULL, secret BLOB, rest TEXT NOT NULL,
    UNIQUE (cloud, product_id)
  ) STRICT;
  CREATE INDEX products_by_cloud ON products (cloud);
  CREATE INDEX products_by_name ON products (cloud, name);

  CREATE TABLE devices (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, device TEXT NOT NULL, product_id TEXT NOT NULL, node_id TEXT NOT NULL, name TEXT NOT NULL,
    gateway TEXT, secret BLOB NOT NULL, activated_at INTEGER, last_online_at INTEGER, online_since INTEGER, status_changed_at INTEGER,
    rest TEXT NOT NULL, UNIQUE (cloud, device)
  ) STRICT;
  CREATE INDEX devices_by_cloud ON devices (cloud);
  CREATE INDEX devices_by_product ON devices (cloud, product_id);
  CREATE INDEX devices_by_node ON devices (cloud, node_id);
  CREATE INDEX devices_by_name ON devices (cloud, name);
  CREATE INDEX devices_by_gateway ON devices (cloud, gateway) WHERE gateway IS NOT NULL;
  CREATE INDEX devices_online ON devices (online_since) WHERE online_since IS NOT NULL;

  -- How many there are, so that no list counts them one by one.
  CREATE TABLE device_counts (cloud TEXT NOT NULL, product_id TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (cloud, product_id)) STRICT, WITHOUT ROWID;
  CREATE TRIGGER device_added AFTER INSERT ON devices BEGIN
    INSERT INTO device_counts VALUES (new.cloud, new.product_id, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER device_moved AFTER UPDATE OF product_id ON devices WHEN old.product_id <> new.product_id BEGIN
    UPDATE device_counts SET count = count - 1 WHERE cloud = old.cloud AND product_id = old.product_id;
    INSERT INTO device_counts VALUES (new.cloud, new.product_id, 1) ON CONFLICT DO UPDATE SET count = count + 1;
  END;
  CREATE TRIGGER device_removed AFTER DELETE ON devices BEGIN
    UPDATE device_counts SET count = count - 1 WHERE cloud = old.cloud AND product_id = old.product_id;
  END;

  -- What happened to twins and is not in the tables below yet: a row a turn, its operations numbered up to 'last' without a gap.
  CREATE TABLE journal (last INTEGER PRIMARY KEY, operations TEXT NOT NULL) STRICT;

  -- 'folded': the number of the last operation that is in 'state'.
  CREATE TABLE twins (
    id INTEGER PRIMARY KEY, cloud TEXT NOT NULL, device TEXT NOT NULL, folded INTEGER NOT NULL, state TEXT NOT NULL, UNIQUE (cloud, device)
  ) STRICT;

  -- Which properties of a service were reported together: their names in a JSON list, in order. No twin: its device is gone, and so will be its
  -- history. A property's history is that of all series that it is in.
  CREATE TABLE series (id INTEGER PRIMARY KEY, twin INTEGER, service TEXT NOT NULL, properties TEXT NOT NULL, UNIQUE (twin, service, properties)) STRICT;
  -- 'samples': a JSON list with a value for each of the names.
  CREATE TABLE history (
    series INTEGER NOT NULL, at INTEGER NOT NULL, id INTEGER NOT NULL, samples TEXT NOT NULL, PRIMARY KEY (series, at, id)
  ) STRICT, WITHOUT ROWID;
  `,
  [HISTORY_TABLES, OBJECT_TABLES, MESSAGE_TABLES, UPGRADE_TABLES].join('\n'),
  HUAWEI_TABLES,
  TENCENT_TABLES,
  HUAWEI_FLEET_TABLES,
  LOG_TABLES,
];

/** Brings the file to the version of this program. Fails with `bad-config` when a newer one wrote it; a step that fails leaves the file as it was. */
export function migrate(database: Database, migrations: readonly string[] = MIGRATIONS): void {
  const { user_version: version = 0 } = database.get<{ user_version: number }>('PRAGMA user_version') ?? {};
  if (version > migrations.length) {
    throw new LianyunError('bad-config', `The database ${database.file} was written by a newer lianyun (its schema is version ${version}, this program knows up to ${migrations.length}); start that one, or give this one another folder.`);
  }
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    database.exec('BEGIN IMMEDIATE');
    try {
      database.exec(step);
      database.exec(`PRAGMA user_version = ${index + 1}`);
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw database.fault(error, 'bad-config');
    }
  }
}
