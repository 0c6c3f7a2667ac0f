//! The three database roles: `signet_owner` owns the tables and migrates them, `signet_app` serves teams,
//! `signet_sweep` does the background work.
//!
//! Nobody signs in as one of them: the user of the connection sets the role. Roles belong to the whole cluster and
//! privileges to each database, so several databases share the names and nothing else. Where the user can neither
//! make the roles nor set them, everything is done as that user, after one warning.

use sqlx::PgConnection;

/// The schema is fixed before the role is set, for `$user` in the search path would then mean another one.
macro_rules! act_as {
    ($role:literal) => {
        concat!("SELECT set_config('search_path', quote_ident(current_schema()), false); SET ROLE ", $role)
    };
}

/// Who a pool's connections act as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Serves teams.
    App,
    /// Does the background work.
    Sweep,
}

impl Role {
    /// What a connection says first.
    pub(super) fn statements(self) -> &'static str {
        match self {
            Self::App => act_as!("signet_app"),
            Self::Sweep => act_as!("signet_sweep"),
        }
    }
}

const BECOME_OWNER: &str = act_as!("signet_owner");

/// Makes what is missing: the roles, the right to set them, the schema's privileges; and gives the owner the tables
/// that were made before there were roles. All of it or, with an error, nothing.
const MAKE: &str = r"
DO $$
DECLARE
    wanted  text;
    held    regclass;
    can_set text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['signet_owner', 'signet_app', 'signet_sweep'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database's program has made it since the look
            END;
        END IF;
        IF NOT pg_has_role(session_user, wanted, can_set) THEN
            EXECUTE format('GRANT %I TO %I', wanted, session_user);
        END IF;
        IF NOT has_schema_privilege(wanted, current_schema(), 'USAGE') THEN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), wanted);
        END IF;
    END LOOP;
    IF NOT has_schema_privilege('signet_owner', current_schema(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO signet_owner', current_schema());
        IF NOT has_schema_privilege('signet_owner', current_schema(), 'CREATE') THEN
            RAISE insufficient_privilege USING MESSAGE = format('schema %I belongs to somebody else', current_schema());
        END IF;
    END IF;
    FOR held IN
        SELECT oid FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace
          AND relkind IN ('r', 'p', 'v', 'm')
          AND relowner = session_user::regrole
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO signet_owner', held);
    END LOOP;
END
$$";

/// Done as the owner. The list of migrations is nobody else's to change.
const GRANT: &str = r"
DO $$
DECLARE
    held record;
BEGIN
    FOR held IN
        SELECT oid::regclass AS name, relname = '_sqlx_migrations' AS is_list
        FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace
          AND relkind IN ('r', 'p', 'v', 'm')
          AND relowner = 'signet_owner'::regrole
    LOOP
        IF NOT has_table_privilege('signet_sweep', held.name, 'SELECT') THEN
            EXECUTE format('GRANT SELECT ON %s TO signet_app, signet_sweep', held.name);
        END IF;
        IF NOT held.is_list AND NOT has_table_privilege('signet_sweep', held.name, 'DELETE') THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO signet_app, signet_sweep', held.name);
        END IF;
    END LOOP;
END
$$";

/// Makes the roles and becomes the owner. False: this user cannot; everything goes on without them. The caller holds
/// the lock by which replicas take turns.
pub(super) async fn become_owner(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mut made = sqlx::raw_sql(MAKE).execute(&mut *connection).await;
    if is_race(&made) {
        // Programs of other databases change the same rows of the cluster, and no lock of this database stops them.
        made = sqlx::raw_sql(MAKE).execute(&mut *connection).await;
    }
    let set = match made {
        Ok(_) => sqlx::raw_sql(BECOME_OWNER).execute(&mut *connection).await,
        failed => failed,
    };
    match set {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(refusal)) if refusal.code().as_deref() == Some("42501") => {
            tracing::warn!(
                reason = refusal.message(),
                "the database roles signet_owner, signet_app and signet_sweep cannot be made and set; going on without"
            );
            Ok(false)
        }
        Err(other) => Err(other),
    }
}

/// What the two others may do, once the tables are there.
pub(super) async fn grant(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(GRANT).execute(connection).await.map(drop)
}

fn is_race<T>(outcome: &Result<T, sqlx::Error>) -> bool {
    let Err(sqlx::Error::Database(refusal)) = outcome else { return false };
    // `tuple concurrently updated` has no code of its own; a role made twice at once is a unique violation.
    matches!(refusal.code().as_deref(), Some("XX000" | "23505" | "42710"))
}
