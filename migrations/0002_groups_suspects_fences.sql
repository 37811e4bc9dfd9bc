-- Divergences by the pattern of their keys, suspects by interval, fences by flip and lane.

-- Of the key: 'user:*:profile'. '' in samples that are older than this column.
ALTER TABLE divergences ADD COLUMN pattern TEXT NOT NULL DEFAULT '';

-- Every divergence of a run is counted in one row, so that the counts of a kind and command add up to those of
-- divergence_counts, as soon as the interval in which they happened has ended.
CREATE TABLE divergence_groups (
  run      INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  command  TEXT NOT NULL,
  pattern  TEXT NOT NULL,    -- '(other)': beyond the number of groups. '(lost)': the queue was full, their keys are not known
  count    INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  example  ANY NOT NULL,     -- the key that was seen first; '' for '(lost)'
  PRIMARY KEY (run, kind, command, pattern)
) STRICT, WITHOUT ROWID;

-- Keys on which a stack may have been wrong. No row: nothing happened.
CREATE TABLE suspects (
  interval    INTEGER NOT NULL,
  stack       TEXT NOT NULL,
  made        INTEGER NOT NULL,
  repaired    INTEGER NOT NULL,  -- copied from the other stack
  deleted     INTEGER NOT NULL,  -- asked for before their repair, or with everything else
  whole_stack INTEGER NOT NULL,  -- times that all the stack holds became doubtful
  PRIMARY KEY (interval, stack)
) STRICT, WITHOUT ROWID;

-- Lanes in which a flip held keys. No row: nothing in the lane had to wait.
CREATE TABLE fences (
  flip     INTEGER NOT NULL,
  lane     INTEGER NOT NULL,
  held_us  INTEGER NOT NULL,
  commands INTEGER NOT NULL,     -- that waited
  cut_off  TEXT NOT NULL,        -- stacks that did not answer in time: '', 'legacy', 'new', 'legacy,new'
  PRIMARY KEY (flip, lane)
) STRICT, WITHOUT ROWID;

-- Which keys differ, by pattern? `counted` says whether the count is exact or a least one, because others of that kind and
-- command were lost with their keys.
DROP VIEW which_prefixes;
CREATE VIEW which_keys AS
WITH groups AS (
  SELECT kind, command, pattern, sum(count) AS count, min(first_at) AS first_at, max(last_at) AS last_at,
         max(example) AS example
  FROM divergence_groups GROUP BY kind, command, pattern
), kept AS (
  SELECT kind, command, pattern, count(*) AS samples FROM divergences GROUP BY 1, 2, 3
)
SELECT g.pattern, g.kind, g.command, g.count,
       CASE WHEN g.pattern = '(lost)' THEN 'keys lost'
            WHEN EXISTS (SELECT 1 FROM divergence_groups l
                         WHERE l.kind = g.kind AND l.command = g.command AND l.pattern = '(lost)') THEN 'at least'
            ELSE 'exact' END AS counted,
       datetime(g.first_at / 1000, 'unixepoch') AS first_seen,
       datetime(g.last_at / 1000, 'unixepoch') AS last_seen,
       coalesce(k.samples, 0) AS samples, g.example
FROM groups g LEFT JOIN kept k ON k.kind = g.kind AND k.command = g.command AND k.pattern = g.pattern
ORDER BY g.count DESC, g.kind, g.command, g.pattern;

-- The samples, the latest first, as people read them.
CREATE VIEW latest_divergences AS
SELECT datetime(at / 1000, 'unixepoch') AS at, kind, command, key, pattern,
       CASE WHEN legacy_digest IS NULL THEN 'no answer' ELSE printf('%016x', legacy_digest) END AS legacy,
       legacy_length,
       CASE WHEN new_digest IS NULL THEN 'no answer' ELSE printf('%016x', new_digest) END AS new,
       new_length, first_difference, run, flip
FROM divergences ORDER BY id DESC;

-- How many keys became suspect, minute by minute, what became of them, and how many were left?
CREATE VIEW suspects_per_minute AS
WITH minutes AS (
  SELECT i.run, i.started_at / 60000 AS minute, s.stack, sum(s.made) AS made, sum(s.repaired) AS repaired,
         sum(s.deleted) AS deleted, sum(s.whole_stack) AS whole_stack
  FROM suspects s JOIN intervals i ON i.id = s.interval GROUP BY 1, 2, 3
)
SELECT datetime(minute * 60, 'unixepoch') AS minute, stack, made, repaired, deleted, whole_stack,
       sum(made - repaired - deleted) OVER (PARTITION BY run, stack ORDER BY minute) AS pending, run
FROM minutes ORDER BY minutes.minute, run, stack;

-- Which flips held keys, in how many lanes, for how long, and who was cut off?
CREATE VIEW fence_list AS
SELECT f.id AS flip, strftime('%Y-%m-%d %H:%M:%f', f.at / 1000.0, 'unixepoch') AS at, f.action,
       printf('%s %g %%', f.from_stage, f.from_percent) AS "from",
       printf('%s %g %%', f.to_stage, f.to_percent) AS "to",
       count(*) AS lanes, max(x.held_us) AS longest_us, sum(x.commands) AS commands,
       (SELECT coalesce(group_concat(DISTINCT cut_off), '') FROM fences c
        WHERE c.flip = f.id AND c.cut_off <> '') AS cut_off
FROM fences x JOIN flips f ON f.id = x.flip GROUP BY f.id ORDER BY f.id;

-- As before, and beside it the answers that never came (kind `timeout`): they say something about a stack, nothing about data.
DROP VIEW cutover_story;
CREATE VIEW cutover_story AS
WITH compares AS (
  SELECT flip, sum(matched) AS matched, sum(ignored) AS ignored, sum(superseded) AS superseded,
         sum(diverged) AS diverged, sum(dropped) AS dropped, sum(dropped_writes) AS dropped_writes,
         sum(mirror_errors) AS mirror_errors
  FROM intervals GROUP BY flip
), kinds AS (
  SELECT flip, sum(count) FILTER (WHERE kind = 'missing_in_new') AS missing,
         sum(count) FILTER (WHERE kind = 'timeout') AS timeouts
  FROM divergence_counts GROUP BY flip
), shares AS (
  SELECT i.flip,
         sum(f.operations) FILTER (WHERE f.stack = 'legacy') AS legacy,
         sum(f.operations) FILTER (WHERE f.stack = 'new') AS new
  FROM intervals i JOIN figures f ON f.interval = i.id GROUP BY i.flip
), story AS (
  SELECT f.*,
         coalesce(lead(f.at) OVER (PARTITION BY f.run ORDER BY f.id), r.ended_at, r.last_write_at) AS until,
         coalesce(s.legacy, 0) AS legacy_operations, coalesce(s.new, 0) AS new_operations,
         coalesce(c.matched, 0) AS matched, coalesce(c.ignored, 0) AS ignored,
         coalesce(c.superseded, 0) AS superseded, coalesce(c.diverged, 0) AS diverged,
         coalesce(k.missing, 0) AS missing, coalesce(k.timeouts, 0) AS timeouts,
         coalesce(c.dropped, 0) AS dropped, coalesce(c.dropped_writes, 0) AS dropped_writes,
         coalesce(c.mirror_errors, 0) AS mirror_errors
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
            WHEN matched + superseded + diverged <= timeouts OR dropped_writes > 0 OR mirror_errors > 0 THEN 'hold'
            WHEN missing > 0 THEN 'cold'
            ELSE 'pass' END AS verdict
FROM story ORDER BY id;
