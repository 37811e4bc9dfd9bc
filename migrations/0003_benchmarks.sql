-- Runs of `sluice bench`: a cache measured before and after its migration. Times are seconds; `at` is milliseconds since 1970.
CREATE TABLE benchmarks (
  id            INTEGER PRIMARY KEY,
  at            INTEGER NOT NULL,
  name          TEXT NOT NULL,                -- what belongs together: the before and the after of one migration
  phase         TEXT NOT NULL CHECK (phase IN ('before', 'after')),
  subject       TEXT NOT NULL,                -- what was measured, without secrets
  pairs         INTEGER NOT NULL,             -- measured pairs of one set and one get
  succeeded     INTEGER NOT NULL,             -- of these, how many gave back what was stored
  value_bytes   INTEGER NOT NULL,
  total_s       REAL NOT NULL,
  average_s     REAL NOT NULL,
  minimum_s     REAL NOT NULL,
  maximum_s     REAL NOT NULL,
  median_s      REAL NOT NULL,
  p95_s         REAL NOT NULL,
  p99_s         REAL NOT NULL,
  deviation_s   REAL NOT NULL,
  memory_growth INTEGER                       -- bytes; NULL: not known
) STRICT;

-- How fast was the cache, each time that it was measured?
CREATE VIEW benchmark_list AS
SELECT id, datetime(at / 1000, 'unixepoch') AS at, name, phase, subject, pairs, succeeded,
       CASE WHEN total_s > 0 THEN round(2 * pairs / total_s) END AS operations_per_s,
       round(average_s * 1e6) AS average_us, round(median_s * 1e6) AS p50_us, round(p95_s * 1e6) AS p95_us,
       round(p99_s * 1e6) AS p99_us
FROM benchmarks ORDER BY id;
