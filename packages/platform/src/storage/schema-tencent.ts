/** The tables of what only Tencent's cloud has. Every index ends with the serial, which is the row id. */
export const TENCENT_TABLES = `
  -- Files that devices put into object storage, or are to get from it.
  CREATE TABLE resources (
    serial INTEGER PRIMARY KEY, device TEXT NOT NULL, direction TEXT NOT NULL, name TEXT NOT NULL, is_open INTEGER NOT NULL, rest TEXT NOT NULL,
    UNIQUE (device, direction, name)
  ) STRICT;
  CREATE INDEX resources_by_device ON resources (device);

  CREATE TABLE projects (serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, rest TEXT NOT NULL) STRICT;
`;
