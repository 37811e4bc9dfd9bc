-- Whose runs these are, and what an automatic ramp has decided. In decisions.action there are now also: advanced, held, asked, approved,
-- resumed, reopened.
ALTER TABLE runs ADD COLUMN service TEXT NOT NULL DEFAULT '';   -- '': nobody has said, or older than this
ALTER TABLE runs ADD COLUMN instance TEXT NOT NULL DEFAULT '';

DROP VIEW run_list;
CREATE VIEW run_list AS
SELECT id AS run,
       datetime(started_at / 1000, 'unixepoch') AS started,
       datetime(coalesce(ended_at, last_write_at) / 1000, 'unixepoch') AS last_seen,
       CASE WHEN clean = 1 THEN 'clean'
            WHEN ended_at IS NOT NULL THEN 'stopped'
            WHEN id = (SELECT max(id) FROM runs) THEN 'running or killed'
            ELSE 'killed' END AS end,
       version, service, instance, pid, summary, lost_samples, capped_samples, lost_flips
FROM runs ORDER BY id;

-- Why are we still on this step? What the plan did, what it waited for, and who paused it or said yes, the latest first.
CREATE VIEW plan_story AS
SELECT strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action AS what, step, words AS why
FROM decisions
WHERE action IN ('advanced', 'held', 'asked', 'approved', 'paused', 'resumed', 'rolled back', 'forced', 'closed')
ORDER BY id DESC;
