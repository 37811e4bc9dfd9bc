-- The two servers, what cannot be carried between them, how copies went over, and what only one of them has.

-- A row whenever a stack's server is another one than before, or tells of itself what it had not told.
CREATE TABLE servers (
  id      INTEGER PRIMARY KEY,
  run     INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  stack   TEXT NOT NULL,
  server  TEXT NOT NULL,                      -- 'Redis', 'Valkey', or another one's own name
  version TEXT NOT NULL,                      -- '' if it does not tell
  stamp   INTEGER                             -- of its dumps; NULL if that is not known
) STRICT;

-- At most a thousand keys of an interval; all of them are counted in the status.
CREATE TABLE uncarried (
  run      INTEGER NOT NULL,
  stack    TEXT NOT NULL,                     -- which lacks the key; the other one has it
  key      ANY NOT NULL,                      -- as in divergences
  type     TEXT NOT NULL,                     -- '' where the reason does not tell
  reason   TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (run, stack, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE copies (
  interval INTEGER NOT NULL,
  way      TEXT NOT NULL,                     -- dump, restamped, value, pieces
  count    INTEGER NOT NULL,
  PRIMARY KEY (interval, way)
) STRICT, WITHOUT ROWID;

-- As refusals: the reason is 'new_lacks_it' or 'legacy_lacks_it'.
CREATE TABLE lacks (
  run      INTEGER NOT NULL,
  command  TEXT NOT NULL,
  reason   TEXT NOT NULL,
  count    INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  client   TEXT NOT NULL,
  library  TEXT NOT NULL,
  address  TEXT NOT NULL,
  PRIMARY KEY (run, command, reason)
) STRICT, WITHOUT ROWID;

-- Keys that no way can carry, added up whenever figures are taken: with any of them the verdict is 'hold'.
ALTER TABLE accounts ADD COLUMN uncarried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intervals ADD COLUMN uncarried INTEGER NOT NULL DEFAULT 0;

DROP VIEW cutover_story;
-- The flips in order, and what was compared between each and the next. See 0001, 0002 and 0006.
CREATE VIEW cutover_story AS
WITH compares AS (
  SELECT flip, sum(matched) AS matched, sum(ignored) AS ignored, sum(superseded) AS superseded,
         sum(diverged) AS diverged, sum(dropped) AS dropped, sum(dropped_writes) AS dropped_writes,
         sum(mirror_errors) AS mirror_errors, sum(uncarried) AS uncarried
  FROM intervals GROUP BY flip
), kinds AS (
  SELECT flip, sum(count) FILTER (WHERE kind = 'missing_in_new') AS missing,
         sum(count) FILTER (WHERE kind = 'timeout') AS timeouts
  FROM divergence_counts GROUP BY flip
), shares AS (
  SELECT i.flip,
         sum(f.operations) FILTER (WHERE f.stack = 'legacy') AS legacy,
         sum(f.operations) FILTER (WHERE f.stack = 'new') AS new
  FROM intervals i JOIN all_figures f ON f.interval = i.id GROUP BY i.flip
), story AS (
  SELECT f.*,
         coalesce(lead(f.at) OVER (PARTITION BY f.run ORDER BY f.id), r.ended_at, r.last_write_at) AS until,
         coalesce(s.legacy, 0) AS legacy_operations, coalesce(s.new, 0) AS new_operations,
         coalesce(c.matched, 0) AS matched, coalesce(c.ignored, 0) AS ignored,
         coalesce(c.superseded, 0) AS superseded, coalesce(c.diverged, 0) AS diverged,
         coalesce(k.missing, 0) AS missing, coalesce(k.timeouts, 0) AS timeouts,
         coalesce(c.dropped, 0) AS dropped, coalesce(c.dropped_writes, 0) AS dropped_writes,
         coalesce(c.mirror_errors, 0) AS mirror_errors, coalesce(c.uncarried, 0) AS uncarried
  FROM flips f LEFT JOIN runs r ON r.id = f.run LEFT JOIN compares c ON c.flip = f.id
       LEFT JOIN kinds k ON k.flip = f.id LEFT JOIN shares s ON s.flip = f.id
)
SELECT id AS flip, run, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action,
       printf('%s %g %%', from_stage, from_percent) AS "from",
       printf('%s %g %%', to_stage, to_percent) AS "to",
       reason, file_version, held_us,
       round(max(until - at, 0) / 1000.0, 1) AS seconds,
       legacy_operations, new_operations,
       matched, ignored, superseded, diverged, missing, timeouts, dropped, dropped_writes, mirror_errors,
       CASE WHEN diverged > missing + timeouts THEN 'differs'
            WHEN matched + superseded + diverged <= timeouts OR dropped_writes > 0 OR mirror_errors > 0
                 OR uncarried > 0 THEN 'hold'
            WHEN missing > 0 THEN 'cold'
            ELSE 'pass' END AS verdict
FROM story ORDER BY id;

-- Between which servers is this migration, and since when? The latest row of each stack is in force.
CREATE VIEW which_servers AS
SELECT datetime(at / 1000, 'unixepoch') AS since, run, stack, server, version, stamp AS dump_version,
       id = max(id) OVER (PARTITION BY stack) AS is_last
FROM servers ORDER BY id;

-- Which keys cannot come along, and why?
CREATE VIEW what_is_not_carried AS
WITH all_runs AS (
  SELECT stack, key, min(first_at) AS first_at, max(last_at) AS last_at, max(run) AS run
  FROM uncarried GROUP BY stack, key
)
SELECT 'to ' || a.stack AS direction, u.type, u.reason,
       CASE WHEN typeof(a.key) = 'blob' THEN 'x''' || hex(a.key) || '''' ELSE a.key END AS key,
       datetime(a.first_at / 1000, 'unixepoch') AS first_seen,
       datetime(a.last_at / 1000, 'unixepoch') AS last_seen
FROM all_runs a JOIN uncarried u ON u.run = a.run AND u.stack = a.stack AND u.key = a.key
ORDER BY a.last_at DESC, a.stack, a.key;

-- How did values go over, step by step?
CREATE VIEW how_copies_went AS
WITH ways AS (
  SELECT i.flip, sum(c.count) FILTER (WHERE c.way = 'dump') AS dump,
         sum(c.count) FILTER (WHERE c.way = 'restamped') AS restamped,
         sum(c.count) FILTER (WHERE c.way = 'value') AS value,
         sum(c.count) FILTER (WHERE c.way = 'pieces') AS pieces
  FROM intervals i JOIN copies c ON c.interval = i.id GROUP BY i.flip
)
SELECT w.flip, CASE WHEN f.id IS NULL THEN '' ELSE printf('%s %g %%', f.to_stage, f.to_percent) END AS step,
       coalesce(dump, 0) AS dump, coalesce(restamped, 0) AS restamped, coalesce(value, 0) AS value,
       coalesce(pieces, 0) AS pieces
FROM ways w LEFT JOIN flips f ON f.id = w.flip ORDER BY w.flip;

-- What do applications ask for that only one of the two servers has, and who asked last?
CREATE VIEW what_one_server_lacks AS
WITH totals AS (
  SELECT command, reason, sum(count) AS count, min(first_at) AS first_at, max(run) AS run
  FROM lacks GROUP BY command, reason
)
SELECT t.command, t.reason, t.count,
       datetime(t.first_at / 1000, 'unixepoch') AS first_seen,
       datetime(l.last_at / 1000, 'unixepoch') AS last_seen,
       l.client, l.library, l.address
FROM totals t JOIN lacks l ON l.run = t.run AND l.command = t.command AND l.reason = t.reason
ORDER BY t.count DESC, t.command, t.reason;
