//! What stands around every page: title, navigation, who is signed in.

use super::assets;
use crate::console::{Actor, Console, DemoLinks};

const ICON: &str = "favicon.svg";

/// The part of the navigation that is marked as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Domains,
    Profile,
    Alerts,
    Tokens,
    Password,
    Health,
    None,
}

#[derive(Debug)]
pub struct Layout {
    pub title: String,
    pub section: Section,
    /// Who is signed in.
    pub email: Option<String>,
    pub is_admin: bool,
    /// In the demo: what the pages point to.
    pub demo: Option<DemoLinks>,
    /// What a tab shows that is not looked at.
    pub icon: &'static str,
}

impl Layout {
    pub fn new(console: &Console, actor: &Actor, section: Section, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            section,
            email: Some(actor.email.clone()),
            is_admin: actor.is_admin,
            demo: console.demo().cloned(),
            icon: ICON,
        }
    }

    /// For pages that stand before sign-in, or apart from it.
    pub fn bare(title: impl Into<String>) -> Self {
        Self { title: title.into(), section: Section::None, email: None, is_admin: false, demo: None, icon: ICON }
    }

    pub fn stylesheet(&self) -> String {
        assets::url("signet.css")
    }

    pub fn script(&self) -> String {
        assets::url("signet.js")
    }

    /// The icon of the tab.
    pub fn icon(&self) -> String {
        assets::url(self.icon)
    }

    pub fn logo(&self) -> String {
        assets::url(ICON)
    }

    pub fn is_domains(&self) -> bool {
        self.section == Section::Domains
    }

    pub fn is_settings(&self) -> bool {
        matches!(
            self.section,
            Section::Profile | Section::Alerts | Section::Tokens | Section::Password | Section::Health
        )
    }

    pub fn is_profile(&self) -> bool {
        self.section == Section::Profile
    }

    pub fn is_health(&self) -> bool {
        self.section == Section::Health
    }

    pub fn is_alerts(&self) -> bool {
        self.section == Section::Alerts
    }

    pub fn is_tokens(&self) -> bool {
        self.section == Section::Tokens
    }

    pub fn is_password(&self) -> bool {
        self.section == Section::Password
    }
}
