/** What Huawei's platform keeps beside devices and their twins. Every index ends with the serial, which is the row id. */
export const HUAWEI_TABLES = `
  CREATE TABLE provisioning_groups (serial INTEGER PRIMARY KEY, scope_id TEXT NOT NULL UNIQUE, secret BLOB, rest TEXT NOT NULL) STRICT;
  CREATE TABLE provisioning_policies (serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rest TEXT NOT NULL) STRICT;

  CREATE TABLE rules (serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, app_id TEXT NOT NULL, rest TEXT NOT NULL) STRICT;
  CREATE INDEX rules_by_type ON rules (type);
  CREATE INDEX rules_by_app ON rules (app_id);
  -- What each device is told of a rule: a version, or that it is no more.
  CREATE TABLE device_rules (
    serial INTEGER PRIMARY KEY, device TEXT NOT NULL, rule TEXT NOT NULL, rest TEXT NOT NULL, UNIQUE (device, rule)
  ) STRICT;
  CREATE INDEX device_rules_by_device ON device_rules (device);
  CREATE INDEX device_rules_by_rule ON device_rules (rule);

  -- 'due_at': when something happens to it by itself.
  CREATE TABLE configurations (serial INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, due_at INTEGER, rest TEXT NOT NULL) STRICT;
  CREATE INDEX configurations_due ON configurations (due_at) WHERE due_at IS NOT NULL;
  CREATE TABLE async_commands (
    serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, device TEXT NOT NULL, status TEXT NOT NULL, name TEXT, due_at INTEGER, rest TEXT NOT NULL
  ) STRICT;
  CREATE INDEX async_commands_by_device ON async_commands (device);
  CREATE INDEX async_commands_by_status ON async_commands (device, status);
  CREATE INDEX async_commands_due ON async_commands (due_at) WHERE due_at IS NOT NULL;
`;

/** The tables of what IoTDA keeps of many devices together. Every index ends with the serial, which is the row id. */
export const HUAWEI_FLEET_TABLES = `
  CREATE TABLE device_groups (
    serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, parent TEXT, type TEXT NOT NULL, app_id TEXT NOT NULL, rest TEXT NOT NULL
  ) STRICT;
  CREATE INDEX device_groups_by_name ON device_groups (name);
  CREATE INDEX device_groups_by_parent ON device_groups (parent) WHERE parent IS NOT NULL;
  CREATE INDEX device_groups_by_type ON device_groups (type);
  CREATE INDEX device_groups_by_app ON device_groups (app_id);
  CREATE TABLE group_members (
    serial INTEGER PRIMARY KEY, device TEXT NOT NULL, group_id TEXT NOT NULL, rest TEXT NOT NULL, UNIQUE (group_id, device)
  ) STRICT;
  CREATE INDEX group_members_by_group ON group_members (group_id);
  CREATE INDEX group_members_by_device ON group_members (device);

  CREATE TABLE device_tags (
    serial INTEGER PRIMARY KEY, device TEXT NOT NULL, value TEXT NOT NULL, key TEXT NOT NULL, rest TEXT NOT NULL, UNIQUE (device, key)
  ) STRICT;
  CREATE INDEX device_tags_by_device ON device_tags (device);
  CREATE INDEX device_tags_by_key ON device_tags (key);
  CREATE INDEX device_tags_by_value ON device_tags (key, value);

  CREATE TABLE batch_tasks (serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, type TEXT NOT NULL, rest TEXT NOT NULL) STRICT;
  CREATE INDEX batch_tasks_by_type ON batch_tasks (type);
  CREATE INDEX batch_tasks_by_type_and_status ON batch_tasks (type, status);
  CREATE INDEX batch_tasks_by_status ON batch_tasks (status);
  -- One target's part in a task. 'due_at': when it begins, or is tried again.
  CREATE TABLE batch_targets (
    serial INTEGER PRIMARY KEY, task TEXT NOT NULL, target TEXT NOT NULL, status TEXT NOT NULL, due_at INTEGER, rest TEXT NOT NULL, UNIQUE (task, target)
  ) STRICT;
  CREATE INDEX batch_targets_by_task ON batch_targets (task);
  CREATE INDEX batch_targets_by_status ON batch_targets (task, status);
  CREATE INDEX batch_targets_due ON batch_targets (due_at) WHERE due_at IS NOT NULL;
`;
