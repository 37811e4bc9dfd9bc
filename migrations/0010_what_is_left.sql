-- Numbers that were not what they said: doubtful keys that are left, and what clients missed.

-- Doubtful keys are written down as they were, and not as a difference: a key that is deleted and comes back is counted as both.
ALTER TABLE suspects ADD COLUMN pending INTEGER;  -- at the end of the interval; NULL: older than this

-- How many keys became suspect, and what became of them?
DROP VIEW suspects_per_minute;
CREATE VIEW suspects_per_minute AS
WITH minutes AS (
  -- Beside max() the plain columns are those of its row: the last interval of the minute.
  SELECT i.run, i.started_at / 60000 AS minute, s.stack, sum(s.made) AS made, sum(s.repaired) AS repaired,
         sum(s.deleted) AS deleted, sum(s.whole_stack) AS whole_stack, max(i.id) AS last, s.pending AS pending
  FROM suspects s JOIN intervals i ON i.id = s.interval GROUP BY 1, 2, 3
)
SELECT datetime(minute * 60, 'unixepoch') AS minute, stack, made, repaired, deleted, whole_stack,
       coalesce(pending, max(0, sum(made - repaired - deleted) OVER (PARTITION BY run, stack ORDER BY minute))) AS pending,
       run
FROM minutes ORDER BY minutes.minute, run, stack;

-- Of diverged, those in which the client had asked legacy, which has no such key, and new has. NULL: older than this.
ALTER TABLE intervals ADD COLUMN missed_on_legacy INTEGER;

-- What do clients find, flip by flip, at each stack, and how often did the other one have what was missed there? By a primary's row that
-- is what clients missed; by a mirror's, what they would have missed.
DROP VIEW hit_rate;
CREATE VIEW hit_rate AS
WITH reads AS (
  SELECT i.flip, f.stack, f.role, sum(f.hits) AS hits, sum(f.misses) AS misses
  FROM intervals i JOIN all_figures f ON f.interval = i.id GROUP BY 1, 2, 3
), missing AS (
  SELECT flip, sum(count) FILTER (WHERE kind = 'missing_in_new') AS new,
         sum(count) FILTER (WHERE kind = 'missing_in_legacy') AS legacy
  FROM divergence_counts GROUP BY flip
), served AS (
  SELECT flip, sum(served_missing) AS new, sum(missed_on_legacy) AS legacy FROM intervals GROUP BY flip
)
SELECT r.flip, CASE WHEN f.id IS NULL THEN '' ELSE printf('%s %g %%', f.to_stage, f.to_percent) END AS step, r.stack, r.role, r.hits, r.misses,
       round(100.0 * r.hits / nullif(r.hits + r.misses, 0), 2) AS hit_percent,
       CASE WHEN r.role = 'primary' AND r.stack = 'new' THEN coalesce(s.new, m.new, 0)
            WHEN r.role = 'primary' THEN s.legacy
            WHEN r.stack = 'new' THEN coalesce(m.new, 0) - coalesce(s.new, 0)
            ELSE coalesce(m.legacy, 0) - coalesce(s.legacy, 0) END AS other_had_it
FROM reads r LEFT JOIN flips f ON f.id = r.flip LEFT JOIN missing m ON m.flip = r.flip LEFT JOIN served s ON s.flip = r.flip
WHERE r.hits + r.misses > 0 ORDER BY r.flip, r.role DESC, r.stack;
