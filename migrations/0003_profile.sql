-- How the sending profile was edited, what the last look at its own names found, and records in doubt.

-- Every version that was ever in force, never changed; the one with the highest number counts. Two editors who
-- save at once want the same number, so the second one is told.
CREATE TABLE profile_versions (
    number      integer     PRIMARY KEY CHECK (number > 0),
    profile     jsonb       NOT NULL,
    saved_at    timestamptz NOT NULL,
    -- A user's address, or `settings` where it came out of the environment.
    by_whom     text        NOT NULL,
    -- Until then, what satisfies the version before does as well; null for the first one.
    cut_over_at timestamptz CHECK (cut_over_at > saved_at),
    CHECK ((number = 1) = (cut_over_at IS NULL))
);

INSERT INTO profile_versions (number, profile, saved_at, by_whom)
SELECT 1, profile, now(), 'settings'
FROM sending_profile;

DROP TABLE sending_profile;

-- The last look at the profile's own names; it counts for its version alone.
CREATE TABLE profile_check (
    id         boolean     PRIMARY KEY DEFAULT true CHECK (id),
    version    integer     NOT NULL REFERENCES profile_versions,
    checked_at timestamptz NOT NULL,
    parts      jsonb       NOT NULL CHECK (jsonb_typeof(parts) = 'array')
);

-- A resolver alone said that a verified record is bad; its answer may be old until then.
ALTER TABLE records ADD COLUMN doubted_until timestamptz;
