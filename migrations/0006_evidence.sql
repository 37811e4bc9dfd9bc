-- Figures by role and by command; the account of evidence of the routing in force, what is known to differ, and decisions.

-- The views that read figures are written anew below.
DROP VIEW error_rate_per_minute;
DROP VIEW latency;
DROP VIEW latency_per_minute;
DROP VIEW figures_total;
DROP VIEW cutover_story;

-- What older versions wrote stays where it is: it knows no roles.
ALTER TABLE figures RENAME TO figures_without_role;
ALTER TABLE latencies RENAME TO latencies_without_role;

CREATE TABLE figures (
  interval   INTEGER NOT NULL,
  stack      TEXT NOT NULL,
  role       TEXT NOT NULL,                   -- 'primary': a client waited; 'mirror': nobody did
  class      TEXT NOT NULL,
  operations INTEGER NOT NULL,
  hits       INTEGER NOT NULL,
  misses     INTEGER NOT NULL,
  errors     INTEGER NOT NULL,
  failures   INTEGER NOT NULL,                -- errors for the stack's own sake: no answer, or trouble
  PRIMARY KEY (interval, stack, role, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE latencies (
  interval INTEGER NOT NULL,
  stack    TEXT NOT NULL,
  role     TEXT NOT NULL,
  class    TEXT NOT NULL,
  upper_us INTEGER NOT NULL,                  -- no operation of this bucket took longer
  count    INTEGER NOT NULL,
  PRIMARY KEY (interval, stack, role, class, upper_us)
) STRICT, WITHOUT ROWID;

-- By command, with buckets that double: within a bucket nobody can tell.
CREATE TABLE command_figures (
  interval   INTEGER NOT NULL,
  stack      TEXT NOT NULL,
  role       TEXT NOT NULL,
  command    TEXT NOT NULL,
  operations INTEGER NOT NULL,
  hits       INTEGER NOT NULL,
  misses     INTEGER NOT NULL,
  errors     INTEGER NOT NULL,
  failures   INTEGER NOT NULL,
  p50_us     INTEGER NOT NULL,
  p99_us     INTEGER NOT NULL,
  PRIMARY KEY (interval, stack, role, command)
) STRICT, WITHOUT ROWID;

-- The evidence of one routing: from the flip to it until the flip to another one, over restarts. The newest goes on.
CREATE TABLE accounts (
  began_at       INTEGER NOT NULL,
  routing        TEXT NOT NULL,               -- the same text is the same routing
  stage          TEXT NOT NULL,
  percent        REAL NOT NULL,
  updated_at     INTEGER NOT NULL,
  seconds        INTEGER NOT NULL,            -- the time in which no proxy ran is left out
  matched        INTEGER NOT NULL,
  ignored        INTEGER NOT NULL,
  superseded     INTEGER NOT NULL,
  diverged       INTEGER NOT NULL,
  dropped        INTEGER NOT NULL,
  mirrored_writes INTEGER NOT NULL,
  dropped_writes INTEGER NOT NULL,
  mirror_errors  INTEGER NOT NULL,
  missing        INTEGER NOT NULL,            -- of diverged: keys that new did not have
  timeouts       INTEGER NOT NULL,            -- of diverged: answers that never came
  warmed         INTEGER NOT NULL,            -- of missing: brought to new since
  operations     INTEGER NOT NULL,            -- of new
  failures       INTEGER NOT NULL,
  keys           INTEGER NOT NULL,            -- different ones that were compared, where a plan asks for it
  open           INTEGER NOT NULL,            -- differences that are known and not closed
  verified       INTEGER NOT NULL,            -- 1: a verification on this step has found no difference
  read_p99_us    INTEGER NOT NULL,            -- of legacy, when clients last waited for it
  write_p99_us   INTEGER NOT NULL,
  paused         TEXT,                        -- why no step up is taken
  forced         TEXT,                        -- why the step was taken ahead of its gates
  next           TEXT,                        -- the next step
  PRIMARY KEY (began_at, routing)
) STRICT, WITHOUT ROWID;

-- Of the newest account: how near the guardrails are, and what the next step asks for.
CREATE TABLE guardrail_scores (
  signal   TEXT PRIMARY KEY,
  score    REAL NOT NULL,                     -- 0: all is well. It acts at ln 10^9
  bad      INTEGER NOT NULL,                  -- units since the score was last 0
  total    INTEGER NOT NULL,
  healthy  REAL NOT NULL,
  broken   REAL NOT NULL,
  reaction TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE step_gates (
  place      INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  now        TEXT NOT NULL,
  needed     TEXT NOT NULL,
  missing    TEXT NOT NULL,                   -- '' where it is met
  is_against INTEGER NOT NULL                 -- 1: it refuses the step without a plan too
) STRICT;

-- What is known to differ, until it is seen equal or closed.
CREATE TABLE known_divergences (
  question INTEGER PRIMARY KEY,               -- a digest of the whole command
  kind     TEXT NOT NULL,
  command  TEXT NOT NULL,
  key      ANY NOT NULL                       -- as in divergences
) STRICT;

-- Everything that was decided, by people and by guardrails.
CREATE TABLE decisions (
  id     INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  flip   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  who    TEXT NOT NULL,
  action TEXT NOT NULL,                       -- refused, forced, rolled back, paused, notified, closed
  step   TEXT NOT NULL,                       -- what it was about
  signal TEXT NOT NULL,                       -- a guardrail's; '' if it was none
  bad    INTEGER,
  total  INTEGER,
  "limit" REAL,
  words  TEXT NOT NULL
) STRICT;

CREATE VIEW all_figures AS
SELECT interval, stack, role, class, operations, hits, misses, errors, failures FROM figures
UNION ALL
SELECT interval, stack, 'any', class, operations, hits, misses, errors, NULL FROM figures_without_role;

CREATE VIEW all_latencies AS
SELECT interval, stack, role, class, upper_us, count FROM latencies
UNION ALL
SELECT interval, stack, 'any', class, upper_us, count FROM latencies_without_role;

-- How many of a stack's operations failed, minute by minute, and how? `for_clients` are those for which a client waited.
CREATE VIEW error_rate_per_minute AS
WITH operations AS (
  SELECT i.started_at / 60000 AS minute, f.stack,
         sum(f.operations) AS operations, sum(f.errors) AS errors,
         sum(f.errors) FILTER (WHERE f.role = 'primary') AS for_clients
  FROM intervals i JOIN all_figures f ON f.interval = i.id GROUP BY 1, 2
), kinds AS (
  SELECT minute, stack,
         sum(count) FILTER (WHERE kind = 'refused') AS refused,
         sum(count) FILTER (WHERE kind = 'timeout') AS timeout,
         sum(count) FILTER (WHERE kind = 'unreachable') AS unreachable,
         sum(count) FILTER (WHERE kind = 'reply') AS reply,
         sum(count) FILTER (WHERE kind = 'trouble') AS trouble
  FROM error_counts GROUP BY 1, 2
)
SELECT datetime(o.minute * 60, 'unixepoch') AS minute, o.stack, o.operations, o.errors,
       round(100.0 * o.errors / nullif(o.operations, 0), 3) AS percent,
       coalesce(o.for_clients, 0) AS for_clients,
       coalesce(k.refused, 0) AS refused, coalesce(k.timeout, 0) AS timeout,
       coalesce(k.unreachable, 0) AS unreachable, coalesce(k.reply, 0) AS reply,
       coalesce(k.trouble, 0) AS trouble
FROM operations o LEFT JOIN kinds k ON k.minute = o.minute AND k.stack = o.stack
ORDER BY o.minute, o.stack;

-- How long do a stack's operations take, by role? A percentile is the upper end of its bucket, in microseconds.
CREATE VIEW latency AS
WITH buckets AS (
  SELECT stack, role, class, upper_us, sum(count) AS count FROM all_latencies GROUP BY 1, 2, 3, 4
  UNION ALL
  SELECT stack, role, 'all', upper_us, sum(count) FROM all_latencies GROUP BY 1, 2, 4
), running AS (
  SELECT stack, role, class, upper_us,
         sum(count) OVER (PARTITION BY stack, role, class ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY stack, role, class) AS total
  FROM buckets
)
SELECT stack, role, class, max(total) AS operations,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 10 >= total * 9) AS p90_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us,
       min(upper_us) FILTER (WHERE upto * 1000 >= total * 999) AS p999_us,
       max(upper_us) AS max_us
FROM running GROUP BY stack, role, class ORDER BY class = 'all' DESC, class, role DESC, stack;

-- The same minute by minute, over all classes.
CREATE VIEW latency_per_minute AS
WITH buckets AS (
  SELECT i.started_at / 60000 AS minute, l.stack, l.role, l.upper_us, sum(l.count) AS count
  FROM intervals i JOIN all_latencies l ON l.interval = i.id GROUP BY 1, 2, 3, 4
), running AS (
  SELECT minute, stack, role, upper_us,
         sum(count) OVER (PARTITION BY minute, stack, role ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY minute, stack, role) AS total
  FROM buckets
)
SELECT datetime(minute * 60, 'unixepoch') AS minute, stack, role, max(total) AS operations,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us,
       max(upper_us) AS max_us
FROM running GROUP BY running.minute, stack, role ORDER BY running.minute, role DESC, stack;

-- How long do clients wait for each stack now: in the last five minutes of what was written, and since the last flip?
CREATE VIEW latency_now AS
WITH spans AS (
  SELECT 'last 5 minutes' AS span, id FROM intervals
  WHERE ended_at > (SELECT max(ended_at) FROM intervals) - 300000
  UNION ALL
  SELECT 'this step', id FROM intervals WHERE flip = (SELECT max(flip) FROM intervals)
), buckets AS (
  SELECT s.span, l.stack, l.role, l.class, l.upper_us, sum(l.count) AS count
  FROM spans s JOIN all_latencies l ON l.interval = s.id GROUP BY 1, 2, 3, 4, 5
), running AS (
  SELECT *, sum(count) OVER (PARTITION BY span, stack, role, class ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY span, stack, role, class) AS total
  FROM buckets
)
SELECT span, class, role, stack, max(total) AS operations,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us
FROM running GROUP BY span, class, role, stack ORDER BY span, class, role DESC, stack;

-- The same for each command, since the last flip: the worst interval's percentiles.
CREATE VIEW latency_by_command AS
SELECT c.command, c.role, c.stack, sum(c.operations) AS operations,
       round(100.0 * sum(c.hits) / nullif(sum(c.hits) + sum(c.misses), 0), 2) AS hit_percent,
       sum(c.errors) AS errors, sum(c.failures) AS failures,
       max(c.p50_us) AS p50_us, max(c.p99_us) AS p99_us
FROM command_figures c JOIN intervals i ON i.id = c.interval
WHERE i.flip = (SELECT max(flip) FROM intervals)
GROUP BY c.command, c.role, c.stack ORDER BY sum(sum(c.operations)) OVER (PARTITION BY c.command) DESC, c.command,
         c.role DESC, c.stack;

-- What did each stack do?
CREATE VIEW figures_total AS
SELECT stack, role, class, sum(operations) AS operations, sum(hits) AS hits, sum(misses) AS misses,
       round(100.0 * sum(hits) / nullif(sum(hits) + sum(misses), 0), 2) AS hit_percent,
       sum(errors) AS errors, sum(failures) AS failures
FROM all_figures GROUP BY stack, role, class ORDER BY stack, role DESC, class;

-- What do clients find, flip by flip, at each stack; and how often did new lack what legacy has?
CREATE VIEW hit_rate AS
WITH reads AS (
  SELECT i.flip, f.stack, f.role, sum(f.hits) AS hits, sum(f.misses) AS misses
  FROM intervals i JOIN all_figures f ON f.interval = i.id GROUP BY 1, 2, 3
), missing AS (
  SELECT flip, sum(count) AS missing FROM divergence_counts WHERE kind = 'missing_in_new' GROUP BY flip
)
SELECT r.flip, CASE WHEN f.id IS NULL THEN '' ELSE printf('%s %g %%', f.to_stage, f.to_percent) END AS step, r.stack, r.role, r.hits, r.misses,
       round(100.0 * r.hits / nullif(r.hits + r.misses, 0), 2) AS hit_percent,
       CASE WHEN r.stack = 'new' THEN coalesce(m.missing, 0) END AS legacy_had_it
FROM reads r LEFT JOIN flips f ON f.id = r.flip LEFT JOIN missing m ON m.flip = r.flip
WHERE r.hits + r.misses > 0 ORDER BY r.flip, r.role DESC, r.stack;

-- The flips in order, and what was compared between each and the next. See 0001 and 0002.
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
  FROM intervals i JOIN all_figures f ON f.interval = i.id GROUP BY i.flip
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

-- What happened, flips and decisions, in order?
CREATE VIEW changes AS
SELECT at / 1000 AS second, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action AS what,
       printf('%s %g %% -> %s %g %%', from_stage, from_percent, to_stage, to_percent) AS step, reason AS why
FROM flips
UNION ALL
SELECT at / 1000, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch'), who, action, step, words FROM decisions
ORDER BY 2;

CREATE VIEW last_hour AS
SELECT at, who, what, step, why FROM changes WHERE second >= unixepoch('now') - 3600;

-- Who flipped, the latest first, and why?
CREATE VIEW who_flipped AS
SELECT strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action,
       printf('%s %g %%', from_stage, from_percent) AS "from", printf('%s %g %%', to_stage, to_percent) AS "to",
       reason AS why
FROM flips WHERE action <> 'start' ORDER BY id DESC;

-- What did the stacks say of their own trouble?
CREATE VIEW what_stacks_said AS
SELECT stack, kind, command, message, count(*) AS samples,
       datetime(min(at) / 1000, 'unixepoch') AS first_seen, datetime(max(at) / 1000, 'unixepoch') AS last_seen
FROM errors GROUP BY stack, kind, command, message ORDER BY max(at) DESC;

-- On which step are we, since when, and what is known of it?
CREATE VIEW this_step AS
SELECT printf('%s %g %%', stage, percent) AS step, datetime(began_at / 1000, 'unixepoch') AS since, seconds,
       matched, superseded, diverged, missing, open, keys, operations, failures,
       CASE verified WHEN 1 THEN 'yes' ELSE 'no' END AS verified, paused, forced, next,
       datetime(updated_at / 1000, 'unixepoch') AS as_of
FROM accounts ORDER BY began_at DESC LIMIT 1;

-- Is it safe to go on? What the next step asks for, and what there is.
CREATE VIEW is_it_safe AS
SELECT coalesce((SELECT next FROM this_step), '') AS next, name AS gate, now, needed, missing,
       CASE WHEN missing = '' THEN 'met' WHEN is_against = 1 THEN 'AGAINST IT' ELSE 'missing' END AS state
FROM step_gates ORDER BY missing = '', is_against DESC, place;

-- How near are the guardrails?
CREATE VIEW guardrails AS
SELECT signal, round(min(100.0, 100 * score / 20.723265836946), 1) AS percent_of_limit, bad, total,
       round(100.0 * bad / nullif(total, 0), 3) AS bad_percent, 100 * healthy AS healthy_percent,
       100 * broken AS broken_percent, reaction
FROM guardrail_scores ORDER BY score DESC, signal;

-- Why was it rolled back, paused, or a step refused or forced?
CREATE VIEW why AS
SELECT strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action, step, signal, bad, total,
       "limit", words
FROM decisions ORDER BY id DESC;

-- How many commands of clients were hurt under each flip?
CREATE VIEW clients_hurt AS
WITH failed AS (
  SELECT i.flip, sum(f.operations) AS commands, sum(f.failures) AS failed,
         sum(f.failures) FILTER (WHERE f.stack = 'new') AS by_new
  FROM intervals i JOIN figures f ON f.interval = i.id WHERE f.role = 'primary' GROUP BY i.flip
), differed AS (
  SELECT flip, sum(count) FILTER (WHERE kind NOT IN ('missing_in_new', 'timeout')) AS differed,
         sum(count) FILTER (WHERE kind = 'missing_in_new') AS missing
  FROM divergence_counts GROUP BY flip
)
SELECT f.id AS flip, printf('%s %g %%', f.to_stage, f.to_percent) AS step, x.commands, x.failed,
       coalesce(x.by_new, 0) AS failed_by_new, coalesce(d.differed, 0) AS compared_and_different,
       coalesce(d.missing, 0) AS missing_in_new
FROM failed x JOIN flips f ON f.id = x.flip LEFT JOIN differed d ON d.flip = x.flip ORDER BY f.id;

-- Which version of the flags is in force here? Compare it with the other instances'.
CREATE VIEW flag_version AS
SELECT file_version AS version, datetime(min(at) / 1000, 'unixepoch') AS first_in_force,
       datetime(max(at) / 1000, 'unixepoch') AS last_flip, count(*) AS flips,
       max(id) = (SELECT max(id) FROM flips) AS is_current
FROM flips GROUP BY file_version ORDER BY max(id) DESC;

-- Does the proxy write, was anything lost, and which stacks could not be reached lately?
CREATE VIEW proxy_health AS
SELECT r.id AS run, r.version, datetime(r.started_at / 1000, 'unixepoch') AS started,
       datetime(r.last_write_at / 1000, 'unixepoch') AS last_write,
       CASE WHEN r.ended_at IS NULL THEN unixepoch('now') - r.last_write_at / 1000 END AS silent_seconds,
       r.lost_samples, r.lost_flips,
       (SELECT count(*) FROM errors e WHERE e.run = r.id AND e.kind = 'unreachable') AS stack_outages
FROM runs r ORDER BY r.id DESC LIMIT 1;
