-- When the last backup was made, told to administrators. Written after the file is whole: what is restored from it
-- tells of the one before.
CREATE TABLE last_backup (
    id          boolean     PRIMARY KEY DEFAULT true CHECK (id),
    finished_at timestamptz NOT NULL
);
