/** The tables of upgrades. Every index ends with the serial, which is the row id. */
export const UPGRADE_TABLES = `
  CREATE TABLE upgrade_packages (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, id TEXT NOT NULL, product_id TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL, rest TEXT NOT NULL,
    UNIQUE (cloud, id)
  ) STRICT;
  CREATE INDEX upgrade_packages_by_cloud ON upgrade_packages (cloud);
  CREATE INDEX upgrade_packages_by_kind ON upgrade_packages (cloud, kind);
  CREATE INDEX upgrade_packages_by_product ON upgrade_packages (cloud, product_id);
  CREATE INDEX upgrade_packages_by_version ON upgrade_packages (cloud, version);

  CREATE TABLE upgrade_tasks (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, id TEXT NOT NULL, package_id TEXT NOT NULL, product_id TEXT NOT NULL, kind TEXT NOT NULL,
    status TEXT NOT NULL, rest TEXT NOT NULL, UNIQUE (cloud, id)
  ) STRICT;
  CREATE INDEX upgrade_tasks_by_kind ON upgrade_tasks (cloud, kind);
  CREATE INDEX upgrade_tasks_by_status ON upgrade_tasks (cloud, kind, status);
  CREATE INDEX upgrade_tasks_by_package ON upgrade_tasks (cloud, package_id);
  CREATE INDEX upgrade_tasks_by_product ON upgrade_tasks (cloud, product_id, status);

  -- One device's part in a task. Whatever happens by itself is due at a time.
  CREATE TABLE upgrades (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, task TEXT NOT NULL, device TEXT NOT NULL, status TEXT NOT NULL, is_open INTEGER NOT NULL, due_at INTEGER,
    rest TEXT NOT NULL, UNIQUE (cloud, task, device)
  ) STRICT;
  CREATE INDEX upgrades_by_task ON upgrades (cloud, task);
  CREATE INDEX upgrades_by_status ON upgrades (cloud, task, status);
  CREATE INDEX upgrades_by_device ON upgrades (cloud, device);
  CREATE INDEX upgrades_open ON upgrades (cloud, is_open, device);
  CREATE INDEX upgrades_due ON upgrades (due_at) WHERE due_at IS NOT NULL;
`;
