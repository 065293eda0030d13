/** What devices sent of their logs. Serials ascend with arrival, as those of events do. */
export const LOG_TABLES = `
  CREATE TABLE logs (
    serial INTEGER PRIMARY KEY, cloud TEXT NOT NULL, device TEXT NOT NULL, arrived_at INTEGER NOT NULL, bytes INTEGER NOT NULL,
    at INTEGER NOT NULL, type TEXT NOT NULL, content TEXT NOT NULL
  ) STRICT;
  CREATE INDEX logs_by_device ON logs (cloud, device);
  CREATE INDEX logs_by_time ON logs (cloud, device, at);
  CREATE INDEX logs_of_all ON logs (cloud, at);
`;
