-- What others are told of, and whether they have heard it.
CREATE TABLE outbox (
  id       TEXT NOT NULL,                     -- of the event; each receiver is told it once it has taken it
  receiver TEXT NOT NULL,                     -- host and a digest of the whole address, which may be secret
  event    TEXT NOT NULL,
  at       INTEGER NOT NULL,
  body     BLOB NOT NULL,                     -- as it is sent; empty where that has ended
  state    TEXT NOT NULL,                     -- waiting, sent, lost
  ended_at INTEGER,
  reason   TEXT NOT NULL DEFAULT '',          -- why it was lost
  PRIMARY KEY (id, receiver)
) STRICT, WITHOUT ROWID;

-- Who was told of what, when, and what is still to be told?
CREATE VIEW what_was_told AS
SELECT strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, event, receiver, state,
       round((ended_at - at) / 1000.0, 3) AS after_s, reason
FROM outbox ORDER BY outbox.at DESC;
