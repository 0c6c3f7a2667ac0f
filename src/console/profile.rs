//! The sending profile: read by everybody, changed by administrators, looked at like a domain.

use sqlx::PgConnection;
use time::{Date, Duration, OffsetDateTime};

use super::{Actor, Console};
use crate::diagnosis::Finding;
use crate::diagnosis::profile::{PartDiagnosis, PartState};
use crate::failure::Failure;
use crate::records::plan::RecordKey;
use crate::records::plan::SendingProfile;
use crate::records::profile::{self, Change, ChangeKind, FormerProfile, ProfileInForce, ProfileVersion};
use crate::store::profile::{DomainCounts, ProfileCheckRow};
use crate::store::{self, StoreError};
use crate::verify;

/// Whom the history names where the environment set the profile.
const SETTINGS: &str = "settings";

/// The profile as its editor shows it.
#[derive(Debug, Clone)]
pub struct ProfileView {
    /// 0 before the first version.
    pub version: u32,
    pub profile: SendingProfile,
    /// What is accepted beside it, and until when.
    pub former: Vec<FormerProfile>,
    /// The last look at this version; `None` before it.
    pub check: Option<ProfileCheckRow>,
    /// The newest first.
    pub history: Vec<ProfileVersion>,
}

/// What an edit would do, before it is saved.
#[derive(Debug, Clone)]
pub struct ProfilePreview {
    /// The version that was edited.
    pub base: u32,
    pub changes: Vec<CountedChange>,
    /// What is broken in the edited profile, or could not be asked.
    pub parts: Vec<PartDiagnosis>,
    /// The soonest day on which old values may stop to count.
    pub first_cut_over: Date,
}

/// A change and how many domains it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedChange {
    pub change: Change,
    pub domains: u64,
    /// Of those, once verified ones: what is added is not required of them before its first pass.
    pub verified: u64,
}

/// An edit to be saved.
#[derive(Debug, Clone)]
pub struct ProfileEdit {
    pub profile: SendingProfile,
    /// The version that was edited; another one in force meanwhile is a conflict.
    pub base: u32,
    /// Old values count until the end of this day; `None`: the soonest one.
    pub cut_over: Option<Date>,
}

impl ProfilePreview {
    pub fn is_broken(&self) -> bool {
        self.parts.iter().any(|part| part.state == PartState::Broken)
    }

    /// Whether domains that exist are asked for something else than before.
    pub fn is_touching(&self) -> bool {
        self.changes.iter().any(|counted| counted.domains > 0 && counted.change.is_asked())
    }

    /// Whether something that is published now stops doing its job one day.
    pub fn is_cut_over(&self) -> bool {
        self.changes.iter().any(|counted| counted.domains > 0 && counted.change.is_cut_over())
    }
}

impl Console {
    /// `None` before an SPF mechanism is known.
    pub async fn profile(&self) -> Result<Option<SendingProfile>, Failure> {
        let in_force = self.profile_in_force().await?;
        Ok(Some(in_force.profile).filter(|profile| !profile.spf.is_empty()))
    }

    pub(super) async fn profile_in_force(&self) -> Result<ProfileInForce, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(verify::profile::in_force(&mut conn, self.now()).await?)
    }

    /// The profile with its history, for its editor.
    pub async fn show_profile(&self, actor: &Actor) -> Result<ProfileView, Failure> {
        administrators_only(actor)?;
        let mut conn = self.0.pool.acquire().await?;
        let history = store::profile::list_versions(&mut conn).await?;
        let check = store::profile::find_check(&mut conn).await?;
        let ProfileInForce { number, profile, former, .. } = ProfileInForce::at(history.clone(), self.now());
        let check = check.filter(|check| check.version == number);
        Ok(ProfileView { version: number, profile, former, check, history })
    }

    /// What saving this would do: how many domains it touches, and what is broken in it. Asks DNS, up to 10 s.
    pub async fn preview_profile(&self, actor: &Actor, edited: &SendingProfile) -> Result<ProfilePreview, Failure> {
        administrators_only(actor)?;
        check_edited(edited)?;
        let parts = verify::profile::look(&self.0.dns, edited).await;
        let mut conn = self.0.pool.acquire().await?;
        let in_force = verify::profile::in_force(&mut conn, self.now()).await?;
        let counts = store::profile::count_domains(&mut conn).await?;
        let changes = profile::changes(&in_force.profile, edited);
        let changes = changes.into_iter().map(|change| counted(change, counts)).collect();
        let first_cut_over = profile::first_cut_over_day(self.now());
        Ok(ProfilePreview { base: in_force.number, changes, parts, first_cut_over })
    }

    /// Saves an edit as a new version and looks at its names. A broken one is saved as well; the look says so.
    pub async fn save_profile(&self, actor: &Actor, edit: &ProfileEdit) -> Result<(), Failure> {
        administrators_only(actor)?;
        check_edited(&edit.profile)?;
        let now = self.now();
        let day = edit.cut_over.unwrap_or_else(|| profile::first_cut_over_day(now));
        let cut_over_at = profile::cut_over_at(day, now).ok_or_else(|| too_soon(day, now))?;
        let mut tx = store::begin(&self.0.pool).await?;
        let in_force = verify::profile::in_force(&mut tx, now).await?;
        if in_force.number != edit.base {
            return Err(edited_meanwhile());
        }
        if in_force.number == 0 || in_force.profile != edit.profile {
            let version = ProfileVersion {
                number: edit.base + 1,
                profile: edit.profile.clone(),
                saved_at: now,
                by: actor.label(),
                cut_over_at: (edit.base > 0).then_some(cut_over_at),
            };
            match store::profile::insert(&mut tx, &version).await {
                Ok(()) => {}
                Err(StoreError::Duplicate) => return Err(edited_meanwhile()),
                Err(other) => return Err(other.into()),
            }
        }
        store::commit(tx).await?;
        self.check_profile().await
    }

    /// Puts the settings' profile in place where there is none yet. True: it differs from the one that is kept.
    pub async fn seed_profile(&self, seed: &SendingProfile) -> Result<bool, Failure> {
        let now = self.now();
        let mut conn = self.0.pool.acquire().await?;
        let in_force = verify::profile::in_force(&mut conn, now).await?;
        if in_force.number > 0 {
            return Ok(in_force.profile != *seed);
        }
        let first = ProfileVersion {
            number: 1,
            profile: seed.clone(),
            saved_at: now,
            by: SETTINGS.to_owned(),
            cut_over_at: None,
        };
        match store::profile::insert(&mut conn, &first).await {
            Ok(()) => Ok(false),
            // Another replica came first.
            Err(StoreError::Duplicate) => Ok(verify::profile::in_force(&mut conn, now).await?.profile != *seed),
            Err(other) => Err(other.into()),
        }
    }

    /// Looks at the names of the profile in force now, and keeps what was found; nothing where there is none.
    pub async fn check_profile(&self) -> Result<(), Failure> {
        let in_force = self.profile_in_force().await?;
        if in_force.number == 0 {
            return Ok(());
        }
        let seen = verify::profile::look(&self.0.dns, &in_force.profile).await;
        let mut tx = store::begin(&self.0.pool).await?;
        let check = verify::profile::save(&mut tx, in_force.number, seen, self.now()).await?;
        store::commit(tx).await?;
        for finding in broken_findings(&check) {
            let said = crate::diagnosis::wording::say(&finding);
            tracing::warn!(finding = said.summary, "the sending profile is broken");
        }
        Ok(())
    }

    /// Looks at the profile where that is due; how long to wait then.
    pub async fn check_profile_if_due(&self) -> Result<Duration, Failure> {
        if self.profile_due_in().await?.is_zero() {
            self.check_profile().await?;
        }
        self.profile_due_in().await
    }

    async fn profile_due_in(&self) -> Result<Duration, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let in_force = verify::profile::in_force(&mut conn, self.now()).await?;
        let check = store::profile::find_check(&mut conn).await?.filter(|check| check.version == in_force.number);
        Ok(match in_force.number {
            0 => Duration::DAY,
            _ => verify::profile::next_look_in(check.as_ref(), self.now()),
        })
    }

    /// The profile that counts now, with the last look at it; a conflict before it knows an SPF mechanism.
    pub(super) async fn required_profile(
        &self,
        connection: &mut PgConnection,
    ) -> Result<(ProfileInForce, Option<ProfileCheckRow>), Failure> {
        let message = "There is no sending profile yet: an administrator sets at least one SPF mechanism under Settings, \
                       Sending profile (or SIGNET_SPF at the first start).";
        let (in_force, look) = verify::profile::in_force_and_look(connection, self.now()).await?;
        if in_force.profile.spf.is_empty() {
            return Err(Failure::Conflict(message.into()));
        }
        Ok((in_force, look))
    }
}

/// `profile-broken`, for administrators; none for anybody else.
pub(super) fn profile_findings(actor: &Actor, check: Option<&ProfileCheckRow>) -> Vec<Finding> {
    check.filter(|_| actor.is_admin).map(broken_findings).unwrap_or_default()
}

fn administrators_only(actor: &Actor) -> Result<(), Failure> {
    if actor.is_admin {
        return Ok(());
    }
    Err(Failure::Forbidden("Only an administrator may see and change the sending profile.".into()))
}

fn check_edited(profile: &SendingProfile) -> Result<(), Failure> {
    if profile.spf.is_empty() {
        let message = "At least one SPF mechanism is needed, such as include:spf.mta.example.";
        return Err(Failure::field("spf", message));
    }
    Ok(())
}

fn too_soon(day: Date, now: OffsetDateTime) -> Failure {
    let first = profile::first_cut_over_day(now);
    Failure::field("cut_over", format!("The cut-over date is {day}; {first} or a later day is accepted."))
}

fn edited_meanwhile() -> Failure {
    Failure::Conflict(
        "Somebody else has changed the sending profile meanwhile; look at it again before you save.".into(),
    )
}

fn broken_findings(check: &ProfileCheckRow) -> Vec<Finding> {
    let broken = check.parts.iter().filter(|part| part.state == PartState::Broken);
    broken.flat_map(|part| part.findings.clone()).collect()
}

fn counted(change: Change, counts: DomainCounts) -> CountedChange {
    let is_mx = matches!(change, Change::MxPriority | Change::Record { key: RecordKey::Mx, .. });
    let (domains, verified) = match is_mx {
        true => (counts.with_mx, counts.verified_with_mx),
        false => (counts.all, counts.verified),
    };
    let is_added = matches!(change, Change::Record { kind: ChangeKind::Added, .. });
    CountedChange { change, domains, verified: if is_added { verified } else { 0 } }
}
