-- The ledger. Times `…_at` and `at` are milliseconds since 1970 (UTC), `minute` is whole minutes since 1970.
-- `run` and `flip` are the id of the run and of the flip in force (0: before the run's first flip).
-- No table has an index beside its primary key, and every key but a text one ascends with time: appends stay cheap.

CREATE TABLE runs (
  id            INTEGER PRIMARY KEY,
  started_at    INTEGER NOT NULL,
  last_write_at INTEGER NOT NULL,             -- how far a run that was killed got
  ended_at      INTEGER,                      -- NULL: still running, or killed
  clean         INTEGER NOT NULL DEFAULT 0 CHECK (clean IN (0, 1)),
  version       TEXT NOT NULL,
  pid           INTEGER NOT NULL,
  summary       TEXT NOT NULL,                -- the configuration in one line, without secrets
  lost_samples  INTEGER NOT NULL DEFAULT 0,   -- not kept: queue full or disk full. Counts are still exact
  capped_samples INTEGER NOT NULL DEFAULT 0,  -- not kept: enough of this class and key
  lost_flips    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE flips (
  id           INTEGER PRIMARY KEY,
  run          INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  who          TEXT NOT NULL,
  action       TEXT NOT NULL
    CHECK (action IN ('stage', 'ramp', 'rollback', 'rearm', 'reload', 'start')),
  from_stage   TEXT NOT NULL,
  from_percent REAL NOT NULL,
  to_stage     TEXT NOT NULL,
  to_percent   REAL NOT NULL,
  reason       TEXT NOT NULL,
  file_version TEXT,
  held_us      INTEGER                        -- longest hold of a lane by the fence; NULL: nothing was held
) STRICT;

-- Samples: capped per class and key. For how many there were, ask divergence_counts.
CREATE TABLE divergences (
  id             INTEGER PRIMARY KEY,
  run            INTEGER NOT NULL,
  flip           INTEGER NOT NULL,
  at             INTEGER NOT NULL,
  kind           TEXT NOT NULL,
  command        TEXT NOT NULL,
  prefix         TEXT NOT NULL,               -- of the key, with its ':'; '' if it has none
  key            ANY NOT NULL,                -- TEXT; BLOB if it is no UTF-8; '#…' if keys are hashed
  legacy_digest  INTEGER,                     -- NULL: no reply
  legacy_length  INTEGER,
  new_digest     INTEGER,
  new_length     INTEGER,
  first_difference INTEGER,                   -- offset of the first byte that differs
  legacy_preview BLOB,
  new_preview    BLOB
) STRICT;

CREATE TABLE divergence_counts (
  minute  INTEGER NOT NULL,
  run     INTEGER NOT NULL,
  flip    INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  command TEXT NOT NULL,
  count   INTEGER NOT NULL,
  PRIMARY KEY (minute, run, flip, kind, command)
) STRICT, WITHOUT ROWID;

CREATE TABLE errors (
  id      INTEGER PRIMARY KEY,
  run     INTEGER NOT NULL,
  flip    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  stack   TEXT NOT NULL,
  kind    TEXT NOT NULL,
  command TEXT NOT NULL,                      -- '' if it was no command's
  message TEXT NOT NULL
) STRICT;

CREATE TABLE error_counts (
  minute INTEGER NOT NULL,
  run    INTEGER NOT NULL,
  flip   INTEGER NOT NULL,
  stack  TEXT NOT NULL,
  kind   TEXT NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (minute, run, flip, stack, kind)
) STRICT, WITHOUT ROWID;

-- One row per interval in which anything happened, with the results of its compares.
CREATE TABLE intervals (
  id              INTEGER PRIMARY KEY,
  run             INTEGER NOT NULL,
  flip            INTEGER NOT NULL,
  started_at      INTEGER NOT NULL,
  ended_at        INTEGER NOT NULL,
  matched         INTEGER NOT NULL,
  ignored         INTEGER NOT NULL,
  superseded      INTEGER NOT NULL,
  diverged        INTEGER NOT NULL,
  dropped         INTEGER NOT NULL,
  mirrored_writes INTEGER NOT NULL,
  dropped_writes  INTEGER NOT NULL,
  mirror_errors   INTEGER NOT NULL
) STRICT;

CREATE TABLE figures (
  interval   INTEGER NOT NULL,
  stack      TEXT NOT NULL,
  class      TEXT NOT NULL,
  operations INTEGER NOT NULL,
  hits       INTEGER NOT NULL,
  misses     INTEGER NOT NULL,
  errors     INTEGER NOT NULL,
  PRIMARY KEY (interval, stack, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE latencies (
  interval INTEGER NOT NULL,
  stack    TEXT NOT NULL,
  class    TEXT NOT NULL,
  upper_us INTEGER NOT NULL,                  -- no operation of this bucket took longer
  count    INTEGER NOT NULL,
  PRIMARY KEY (interval, stack, class, upper_us)
) STRICT, WITHOUT ROWID;

-- Which times did the proxy run, and how did each end?
CREATE VIEW run_list AS
SELECT id AS run,
       datetime(started_at / 1000, 'unixepoch') AS started,
       datetime(coalesce(ended_at, last_write_at) / 1000, 'unixepoch') AS last_seen,
       CASE WHEN clean = 1 THEN 'clean'
            WHEN ended_at IS NOT NULL THEN 'stopped'
            WHEN id = (SELECT max(id) FROM runs) THEN 'running or killed'
            ELSE 'killed' END AS end,
       version, pid, summary, lost_samples, capped_samples, lost_flips
FROM runs ORDER BY id;

-- What differs most?
CREATE VIEW what_differs AS
SELECT kind, command,
       sum(count) AS count,
       round(100.0 * sum(count) / sum(sum(count)) OVER (), 2) AS percent,
       datetime(min(minute) * 60, 'unixepoch') AS first_minute,
       datetime(max(minute) * 60, 'unixepoch') AS last_minute
FROM divergence_counts GROUP BY kind, command ORDER BY sum(count) DESC, kind, command;

-- Under which prefixes? Of the samples: how many keys and of which kinds.
CREATE VIEW which_prefixes AS
SELECT prefix, kind,
       count(*) AS samples,
       count(DISTINCT key) AS keys,
       max(key) AS example,
       datetime(min(at) / 1000, 'unixepoch') AS first_seen,
       datetime(max(at) / 1000, 'unixepoch') AS last_seen
FROM divergences GROUP BY prefix, kind ORDER BY count(*) DESC, prefix, kind;

-- Since which flip does it differ? The first flip under which this kind was counted for this command.
CREATE VIEW since_which_flip AS
WITH per_flip AS (
  SELECT kind, command, flip, sum(count) AS count, min(minute) AS minute
  FROM divergence_counts GROUP BY kind, command, flip
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY kind, command ORDER BY minute, flip) AS place,
         sum(count) OVER (PARTITION BY kind, command) AS total
  FROM per_flip
)
SELECT r.kind, r.command, r.flip,
       datetime(f.at / 1000, 'unixepoch') AS flipped,
       coalesce(f.action, 'before the first flip') AS action,
       coalesce(printf('%s %g %% -> %s %g %%', f.from_stage, f.from_percent, f.to_stage, f.to_percent), '')
         AS change,
       r.count AS under_it, r.total AS ever
FROM ranked r LEFT JOIN flips f ON f.id = r.flip
WHERE r.place = 1 ORDER BY r.total DESC, r.kind, r.command;

-- How many of a stack's operations failed, minute by minute, and how?
CREATE VIEW error_rate_per_minute AS
WITH operations AS (
  SELECT i.started_at / 60000 AS minute, f.stack,
         sum(f.operations) AS operations, sum(f.errors) AS errors
  FROM intervals i JOIN figures f ON f.interval = i.id GROUP BY 1, 2
), kinds AS (
  SELECT minute, stack,
         sum(count) FILTER (WHERE kind = 'refused') AS refused,
         sum(count) FILTER (WHERE kind = 'timeout') AS timeout,
         sum(count) FILTER (WHERE kind = 'unreachable') AS unreachable,
         sum(count) FILTER (WHERE kind = 'reply') AS reply
  FROM error_counts GROUP BY 1, 2
)
SELECT datetime(o.minute * 60, 'unixepoch') AS minute, o.stack, o.operations, o.errors,
       round(100.0 * o.errors / nullif(o.operations, 0), 3) AS percent,
       coalesce(k.refused, 0) AS refused, coalesce(k.timeout, 0) AS timeout,
       coalesce(k.unreachable, 0) AS unreachable, coalesce(k.reply, 0) AS reply
FROM operations o LEFT JOIN kinds k ON k.minute = o.minute AND k.stack = o.stack
ORDER BY o.minute, o.stack;

-- How long do a stack's operations take? A percentile is the upper end of its bucket, in microseconds.
CREATE VIEW latency AS
WITH buckets AS (
  SELECT stack, class, upper_us, sum(count) AS count FROM latencies GROUP BY 1, 2, 3
  UNION ALL
  SELECT stack, 'all', upper_us, sum(count) FROM latencies GROUP BY 1, 3
), running AS (
  SELECT stack, class, upper_us,
         sum(count) OVER (PARTITION BY stack, class ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY stack, class) AS total
  FROM buckets
)
SELECT stack, class, max(total) AS operations,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 10 >= total * 9) AS p90_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us,
       min(upper_us) FILTER (WHERE upto * 1000 >= total * 999) AS p999_us,
       max(upper_us) AS max_us
FROM running GROUP BY stack, class ORDER BY class = 'all' DESC, class, stack;

-- The same minute by minute, over all classes.
CREATE VIEW latency_per_minute AS
WITH buckets AS (
  SELECT i.started_at / 60000 AS minute, l.stack, l.upper_us, sum(l.count) AS count
  FROM intervals i JOIN latencies l ON l.interval = i.id GROUP BY 1, 2, 3
), running AS (
  SELECT minute, stack, upper_us,
         sum(count) OVER (PARTITION BY minute, stack ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY minute, stack) AS total
  FROM buckets
)
SELECT datetime(minute * 60, 'unixepoch') AS minute, stack, max(total) AS operations,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us,
       max(upper_us) AS max_us
FROM running GROUP BY running.minute, stack ORDER BY running.minute, stack;

-- What did each stack do?
CREATE VIEW figures_total AS
SELECT stack, class, sum(operations) AS operations, sum(hits) AS hits, sum(misses) AS misses,
       round(100.0 * sum(hits) / nullif(sum(hits) + sum(misses), 0), 2) AS hit_percent,
       sum(errors) AS errors
FROM figures GROUP BY stack, class ORDER BY stack, class;

-- The flips in order, and what was compared between each and the next. `missing` are divergences of a key that the
-- new stack did not have: a cold cache, not corruption. Zero of zero is not a pass, nor is anything with writes that
-- did not reach the mirror: it is 'hold'.
CREATE VIEW cutover_story AS
WITH compares AS (
  SELECT flip, sum(matched) AS matched, sum(ignored) AS ignored, sum(superseded) AS superseded,
         sum(diverged) AS diverged, sum(dropped) AS dropped, sum(dropped_writes) AS dropped_writes
  FROM intervals GROUP BY flip
), missing AS (
  SELECT flip, sum(count) AS missing FROM divergence_counts WHERE kind = 'missing_in_new' GROUP BY flip
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
         coalesce(m.missing, 0) AS missing, coalesce(c.dropped, 0) AS dropped,
         coalesce(c.dropped_writes, 0) AS dropped_writes
  FROM flips f LEFT JOIN runs r ON r.id = f.run LEFT JOIN compares c ON c.flip = f.id
       LEFT JOIN missing m ON m.flip = f.id LEFT JOIN shares s ON s.flip = f.id
)
SELECT id AS flip, run, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action,
       printf('%s %g %%', from_stage, from_percent) AS "from",
       printf('%s %g %%', to_stage, to_percent) AS "to",
       reason, file_version, held_us,
       round(max(until - at, 0) / 1000.0, 1) AS seconds,
       legacy_operations, new_operations,
       matched, ignored, superseded, diverged, missing, dropped, dropped_writes,
       CASE WHEN diverged > missing THEN 'differs'
            WHEN matched + superseded + diverged = 0 OR dropped_writes > 0 THEN 'hold'
            WHEN diverged > 0 THEN 'cold'
            ELSE 'pass' END AS verdict
FROM story ORDER BY id;
