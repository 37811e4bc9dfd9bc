-- A rollback goes back, and not to the stage that is in force under it: that is what the story says.

DROP VIEW last_hour;
DROP VIEW changes;
-- What happened, flips and decisions, in order?
CREATE VIEW changes AS
SELECT at / 1000 AS second, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action AS what,
       printf('%s %g %% -> ', from_stage, from_percent)
         || CASE action WHEN 'rollback' THEN 'rolled back' ELSE printf('%s %g %%', to_stage, to_percent) END AS step,
       reason AS why
FROM flips
UNION ALL
SELECT at / 1000, strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch'), who, action, step, words FROM decisions
ORDER BY 2;

CREATE VIEW last_hour AS
SELECT at, who, what, step, why FROM changes WHERE second >= unixepoch('now') - 3600;

DROP VIEW who_flipped;
-- Who flipped, the latest first, and why?
CREATE VIEW who_flipped AS
SELECT strftime('%Y-%m-%d %H:%M:%f', at / 1000.0, 'unixepoch') AS at, who, action,
       printf('%s %g %%', from_stage, from_percent) AS "from",
       CASE action WHEN 'rollback' THEN 'rolled back' ELSE printf('%s %g %%', to_stage, to_percent) END AS "to",
       reason AS why
FROM flips WHERE action <> 'start' ORDER BY id DESC;
