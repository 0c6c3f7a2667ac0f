-- Work on many domains that goes on when the tab is closed and when the program is: imports, and what is done to
-- domains chosen in the list.
CREATE TABLE jobs (
    id           uuid        PRIMARY KEY,
    team_id      uuid        NOT NULL REFERENCES teams,
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- Who stands in the events of what is done.
    by_whom      text        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('import', 'verify', 'tag', 'delete')),
    -- The tags that are set, of a job of that kind.
    tags         jsonb       NOT NULL DEFAULT '{}',
    total        integer     NOT NULL CHECK (total >= 0),
    created_at   timestamptz NOT NULL,
    -- Null while it is a preview that nobody has agreed to.
    started_at   timestamptz,
    finished_at  timestamptz,
    -- A piece of it is claimed for a while; what was worked on longest ago comes next, so that no team waits for
    -- another's long one.
    worked_at    timestamptz,
    leased_until timestamptz
);

CREATE INDEX jobs_open ON jobs (worked_at NULLS FIRST) WHERE started_at IS NOT NULL AND finished_at IS NULL;
CREATE INDEX jobs_team ON jobs (team_id, id);

CREATE TABLE job_lines (
    job_id  uuid    NOT NULL REFERENCES jobs ON DELETE CASCADE,
    number  integer NOT NULL,
    -- The name as it was given.
    name    text    NOT NULL,
    tags    jsonb   NOT NULL DEFAULT '{}',
    -- Null until it is done. Written in the transaction that does it, so that each line is done once.
    outcome text    CHECK (outcome IN ('done', 'refused', 'failed')),
    message text    NOT NULL DEFAULT '',
    PRIMARY KEY (job_id, number)
);

CREATE INDEX job_lines_waiting ON job_lines (job_id, number) WHERE outcome IS NULL;
