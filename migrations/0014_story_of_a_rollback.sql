-- The story of the flips says it as well (see 0013): nobody has gone to the stage that is in force under a rollback.

DROP VIEW cutover_story;
-- The flips in order, and what was compared between each and the next. See 0001, 0002, 0006 and 0008.
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
       CASE action WHEN 'rearm' THEN 'rolled back' ELSE printf('%s %g %%', from_stage, from_percent) END AS "from",
       CASE action WHEN 'rollback' THEN 'rolled back' ELSE printf('%s %g %%', to_stage, to_percent) END AS "to",
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
