/** The tables of objects and of what devices were granted for them. Every index ends with the serial, which is the row id. */
export const OBJECT_TABLES = `
  -- 'blob': the name of the file under objects/ that has the bytes.
  CREATE TABLE objects (
    serial INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, blob TEXT NOT NULL UNIQUE, rest TEXT NOT NULL, UNIQUE (bucket, key)
  ) STRICT;
  CREATE INDEX objects_by_bucket ON objects (bucket);

  CREATE TABLE files (
    serial INTEGER PRIMARY KEY, device TEXT NOT NULL, direction TEXT NOT NULL, object TEXT NOT NULL, rest TEXT NOT NULL,
    UNIQUE (device, direction, object)
  ) STRICT;
  CREATE INDEX files_by_device ON files (device);
`;
