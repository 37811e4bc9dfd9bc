-- What the proxy itself refused, by command and reason: how often, the first and the last time, and the client of the last time as it
-- calls itself. Commands and reasons come from tables of ours, so a run has a few hundred rows at most.
CREATE TABLE refusals (
  run      INTEGER NOT NULL,
  command  TEXT NOT NULL,
  reason   TEXT NOT NULL,
  count    INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  client   TEXT NOT NULL,                     -- CLIENT SETNAME; '' if it has no name
  library  TEXT NOT NULL,                     -- CLIENT SETINFO; '' if it has not said
  address  TEXT NOT NULL,
  PRIMARY KEY (run, command, reason)
) STRICT, WITHOUT ROWID;

-- What do applications ask for that is refused, and who asked last?
CREATE VIEW what_is_refused AS
WITH totals AS (
  SELECT command, reason, sum(count) AS count, min(first_at) AS first_at, max(run) AS run
  FROM refusals GROUP BY command, reason
)
SELECT t.command, t.reason, t.count,
       datetime(t.first_at / 1000, 'unixepoch') AS first_seen,
       datetime(r.last_at / 1000, 'unixepoch') AS last_seen,
       r.client, r.library, r.address
FROM totals t JOIN refusals r ON r.run = t.run AND r.command = t.command AND r.reason = t.reason
ORDER BY t.count DESC, t.command, t.reason;
