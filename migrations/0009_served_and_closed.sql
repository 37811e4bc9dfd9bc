-- What clients were really served, how they waited in all, in which slots new was slow, and differences that are meant to stay.

-- Of diverged, those in which the client had asked new: another answer than legacy's, and none where legacy has one. NULL: older than this.
ALTER TABLE intervals ADD COLUMN served_different INTEGER;
ALTER TABLE intervals ADD COLUMN served_missing INTEGER;

ALTER TABLE accounts ADD COLUMN slots INTEGER NOT NULL DEFAULT 0;       -- of 20 ms, in which clients waited for new
ALTER TABLE accounts ADD COLUMN slow_slots INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN said TEXT;                              -- new's last words about its own trouble
ALTER TABLE accounts ADD COLUMN open_is_least INTEGER NOT NULL DEFAULT 0;  -- 1: more differed than are known one by one

-- Both answers, as digests, so that another difference is known from this one; and why it is none to act on.
ALTER TABLE known_divergences ADD COLUMN legacy_digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE known_divergences ADD COLUMN new_digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE known_divergences ADD COLUMN closed TEXT;                   -- NULL: open

-- Differences of a kind, or of some keys, that are meant to stay, until somebody opens them again.
CREATE TABLE closings (
  kind TEXT NOT NULL,                         -- '' is any
  keys ANY NOT NULL,                          -- a pattern in which * is anything
  at   INTEGER NOT NULL,
  who  TEXT NOT NULL,
  why  TEXT NOT NULL,
  PRIMARY KEY (kind, keys)
) STRICT, WITHOUT ROWID;

-- What differs and is meant to?
CREATE VIEW what_is_closed AS
WITH closed AS (
  SELECT CASE kind WHEN '' THEN 'any' ELSE kind END AS kind, 'all like it' AS which, keys, why,
         datetime(at / 1000, 'unixepoch') AS since, who
  FROM closings
  UNION ALL
  SELECT kind, command, key, closed, NULL, NULL FROM known_divergences WHERE closed IS NOT NULL
)
SELECT kind, which, CASE WHEN typeof(keys) = 'blob' THEN 'x''' || hex(keys) || '''' ELSE keys END AS keys, why, since, who
FROM closed ORDER BY which <> 'all like it', kind, keys;

-- Commands for which a client waited although no stack was at work for it: how long in all, and which of the
-- stacks' times that replaces. One bucket each.
CREATE TABLE held_latencies (
  interval INTEGER NOT NULL,
  class    TEXT NOT NULL,
  upper_us INTEGER NOT NULL,
  waited   INTEGER NOT NULL,                  -- commands that took so long in all
  replaced INTEGER NOT NULL,                  -- times in latencies that were not all that their clients waited
  PRIMARY KEY (interval, class, upper_us)
) STRICT, WITHOUT ROWID;

-- As clients waited: in the stacks' own times those of held commands are replaced by what they waited in all.
CREATE VIEW client_latencies AS
SELECT interval, class, upper_us, count FROM all_latencies WHERE role = 'primary'
UNION ALL
SELECT interval, class, upper_us, waited - replaced FROM held_latencies;

DROP VIEW client_waits;
-- How long do clients wait, in all; of that for a stack's answer; and for what the proxy holds before it asks one, since the last flip.
CREATE VIEW client_waits AS
WITH buckets AS (
  SELECT 'in all' AS waits, c.upper_us, sum(c.count) AS count
  FROM client_latencies c JOIN intervals i ON i.id = c.interval
  WHERE i.flip = (SELECT max(flip) FROM intervals) GROUP BY c.upper_us
  UNION ALL
  SELECT 'until ' || l.stack || ' answers', l.upper_us, sum(l.count)
  FROM all_latencies l JOIN intervals i ON i.id = l.interval
  WHERE i.flip = (SELECT max(flip) FROM intervals) AND l.role = 'primary' GROUP BY l.stack, l.upper_us
  UNION ALL
  SELECT CASE h.reason WHEN 'fence' THEN 'until keys have changed sides' WHEN 'key' THEN 'until its key is back'
                       ELSE 'until somebody stands in for new' END, h.upper_us, sum(h.count)
  FROM holds h JOIN intervals i ON i.id = h.interval
  WHERE i.flip = (SELECT max(flip) FROM intervals) GROUP BY h.reason, h.upper_us
), running AS (
  SELECT *, sum(count) OVER (PARTITION BY waits ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY waits) AS total
  FROM buckets
)
SELECT waits, max(total) AS commands,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us,
       max(upper_us) FILTER (WHERE count > 0) AS max_us
FROM running GROUP BY waits ORDER BY waits;

DROP VIEW clients_hurt;
-- How many commands of clients were hurt under each flip? What a mirror answers hurts nobody: of comparisons, those count in which the
-- client had asked new.
CREATE VIEW clients_hurt AS
WITH failed AS (
  SELECT i.flip, sum(f.operations) AS commands, sum(f.failures) AS failed,
         sum(f.failures) FILTER (WHERE f.stack = 'new') AS by_new
  FROM intervals i JOIN figures f ON f.interval = i.id WHERE f.role = 'primary' GROUP BY i.flip
), compared AS (
  SELECT i.flip, sum(f.operations) AS compared
  FROM intervals i JOIN figures f ON f.interval = i.id
  WHERE f.role = 'mirror' AND f.stack = 'legacy' AND f.class = 'read' GROUP BY i.flip
), served AS (
  SELECT flip, sum(served_different) AS different, sum(served_missing) AS missing FROM intervals GROUP BY flip
)
SELECT f.id AS flip, printf('%s %g %%', f.to_stage, f.to_percent) AS step, x.commands, x.failed,
       coalesce(x.by_new, 0) AS failed_by_new, coalesce(c.compared, 0) AS compared_on_new,
       s.different AS different_on_new, s.missing AS missing_on_new
FROM failed x JOIN flips f ON f.id = x.flip LEFT JOIN compared c ON c.flip = x.flip LEFT JOIN served s ON s.flip = x.flip
ORDER BY f.id;

DROP VIEW is_it_safe;
DROP VIEW this_step;
-- On which step are we, since when, and what is known of it?
CREATE VIEW this_step AS
SELECT printf('%s %g %%', stage, percent) AS step, datetime(began_at / 1000, 'unixepoch') AS since, seconds,
       matched, superseded, diverged, missing,
       CASE open_is_least WHEN 1 THEN 'at least ' || open ELSE open END AS open, keys, operations, failures,
       CASE verified WHEN 1 THEN 'yes' ELSE 'no' END AS verified, paused, forced, next,
       datetime(updated_at / 1000, 'unixepoch') AS as_of
FROM accounts ORDER BY began_at DESC LIMIT 1;

-- Is it safe to go on? What the next step asks for, and what there is.
CREATE VIEW is_it_safe AS
SELECT coalesce((SELECT next FROM this_step), '') AS next, name AS gate, now, needed, missing,
       CASE WHEN missing = '' THEN 'met' WHEN is_against = 1 THEN 'AGAINST IT' ELSE 'missing' END AS state
FROM step_gates ORDER BY missing = '', is_against DESC, place;
