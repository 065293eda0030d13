/**
 * The history in chunks: what a device reported of a series between two visits to the tables is one row, instead of one a report. 'samples': a JSON
 * list of the first report's number and then, in order, [ms after first_at, numbers after the first, a value for each of the series' names …]. 'span':
 * no chunk of the series is longer, in ms.
 */
export const HISTORY_TABLES = `
  ALTER TABLE series ADD COLUMN span INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE chunks (
    id INTEGER PRIMARY KEY, series INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, samples TEXT NOT NULL
  ) STRICT;
  CREATE INDEX chunks_by_series ON chunks (series, last_at, first_at);
  INSERT INTO chunks (series, first_at, last_at, samples)
    SELECT series, at, at, '[' || id || ',[0,0,' || substr(samples, 2) || ']' FROM history ORDER BY series, at, id;
  DROP TABLE history;
`;
