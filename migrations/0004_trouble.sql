-- Errors by which a stack says that it is in trouble itself (OOM, READONLY, …) are a kind of their own, `trouble`; `reply` is what a
-- stack says about a command or its data.

-- How many of a stack's operations failed, minute by minute, and how?
DROP VIEW error_rate_per_minute;
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
         sum(count) FILTER (WHERE kind = 'reply') AS reply,
         sum(count) FILTER (WHERE kind = 'trouble') AS trouble
  FROM error_counts GROUP BY 1, 2
)
SELECT datetime(o.minute * 60, 'unixepoch') AS minute, o.stack, o.operations, o.errors,
       round(100.0 * o.errors / nullif(o.operations, 0), 3) AS percent,
       coalesce(k.refused, 0) AS refused, coalesce(k.timeout, 0) AS timeout,
       coalesce(k.unreachable, 0) AS unreachable, coalesce(k.reply, 0) AS reply,
       coalesce(k.trouble, 0) AS trouble
FROM operations o LEFT JOIN kinds k ON k.minute = o.minute AND k.stack = o.stack
ORDER BY o.minute, o.stack;
