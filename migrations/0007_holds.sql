-- How long clients waited for commands that the proxy held before a stack was asked.
CREATE TABLE holds (
  interval INTEGER NOT NULL,
  reason   TEXT NOT NULL,                     -- 'fence': keys changed sides; 'key': its key was on the way back; 'outage': new was away
  upper_us INTEGER NOT NULL,                  -- no command of this bucket was held for longer
  count    INTEGER NOT NULL,
  PRIMARY KEY (interval, reason, upper_us)
) STRICT, WITHOUT ROWID;

-- How long do clients wait: what the stacks take, and what the proxy holds before it asks them, since the last flip.
CREATE VIEW client_waits AS
WITH buckets AS (
  SELECT 'a stack answers' AS waits_until, l.upper_us, sum(l.count) AS count
  FROM all_latencies l JOIN intervals i ON i.id = l.interval
  WHERE i.flip = (SELECT max(flip) FROM intervals) AND l.role = 'primary' GROUP BY l.upper_us
  UNION ALL
  SELECT CASE h.reason WHEN 'fence' THEN 'keys have changed sides' WHEN 'key' THEN 'its key is back'
                       ELSE 'it is decided who stands in for new' END, h.upper_us, sum(h.count)
  FROM holds h JOIN intervals i ON i.id = h.interval
  WHERE i.flip = (SELECT max(flip) FROM intervals) GROUP BY h.reason, h.upper_us
), running AS (
  SELECT *, sum(count) OVER (PARTITION BY waits_until ORDER BY upper_us) AS upto,
         sum(count) OVER (PARTITION BY waits_until) AS total
  FROM buckets
)
SELECT waits_until, max(total) AS commands,
       min(upper_us) FILTER (WHERE upto * 2 >= total) AS p50_us,
       min(upper_us) FILTER (WHERE upto * 100 >= total * 99) AS p99_us,
       max(upper_us) AS max_us
FROM running GROUP BY waits_until ORDER BY waits_until;
