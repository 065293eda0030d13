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
