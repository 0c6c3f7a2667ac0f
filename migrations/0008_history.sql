-- What the looks of the last 90 days saw, in a size that never grows: told on the pages as a strip of days.

-- A record's days up to its last whole look: the newest day's number (Julian, 4 bytes), then half a byte a day.
ALTER TABLE records ADD COLUMN days bytea CHECK (octet_length(days) = 49);

-- The days on which a domain was looked at, the newest rightmost: a look that finds everything as before writes
-- its domain and not the records, whose verdicts then stand for that day as well.
ALTER TABLE domains
    ADD COLUMN looked_days  bit(90) NOT NULL DEFAULT 0::bit(90),
    ADD COLUMN looked_until date    NOT NULL DEFAULT DATE '2000-01-01';

-- The days with one more. A day before the newest has its place among them; where the newest is further ahead than
-- they reach, a clock was wrong, and they begin anew.
CREATE FUNCTION looked_with(looked bit, until date, today date) RETURNS bit
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN today IS NULL THEN looked
    WHEN today >= until THEN (looked << (today - until)) | 1::bit(90)
    WHEN until - today < 90 THEN looked | (1::bit(90) << (until - today))
    ELSE 1::bit(90)
END;

CREATE FUNCTION looked_until_with(until date, today date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN until - today >= 90 THEN today ELSE GREATEST(until, today) END;
