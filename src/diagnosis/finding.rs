//! Findings: a stable code, a severity, what the sentence is made of. The sentences stand in `wording`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    Info,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

macro_rules! codes {
    ($($variant:ident = $text:literal,)*) => {
        /// The finding codes of the contract, section 6. Their texts are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($variant,)* }

        impl Code {
            /// Every code, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The code of that text.
            pub fn find(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    SpfMissing = "spf-missing",
    SpfMultiple = "spf-multiple",
    SpfNotAuthorized = "spf-not-authorized",
    SpfSyntax = "spf-syntax",
    SpfLookupLimit = "spf-lookup-limit",
    SpfVoidLimit = "spf-void-limit",
    SpfLoop = "spf-loop",
    SpfTooLarge = "spf-too-large",
    SpfLookupsNearLimit = "spf-lookups-near-limit",
    SpfPlusAll = "spf-plus-all",
    SpfNoAll = "spf-no-all",
    SpfPtr = "spf-ptr",
    SpfAfterAll = "spf-after-all",
    DkimMissing = "dkim-missing",
    DkimMultiple = "dkim-multiple",
    DkimKeyMismatch = "dkim-key-mismatch",
    DkimKeyTruncated = "dkim-key-truncated",
    DkimKeyMalformed = "dkim-key-malformed",
    DkimRevoked = "dkim-revoked",
    DkimWrongType = "dkim-wrong-type",
    DkimVersion = "dkim-version",
    DkimHash = "dkim-hash",
    DkimService = "dkim-service",
    DkimTesting = "dkim-testing",
    DkimWeak = "dkim-weak",
    DmarcMissing = "dmarc-missing",
    DmarcInherited = "dmarc-inherited",
    DmarcMultiple = "dmarc-multiple",
    DmarcSyntax = "dmarc-syntax",
    DmarcNotEnforced = "dmarc-not-enforced",
    DmarcNoReports = "dmarc-no-reports",
    DmarcWeakSubdomain = "dmarc-weak-subdomain",
    DmarcReportUnauthorized = "dmarc-report-unauthorized",
    DmarcObsoleteTag = "dmarc-obsolete-tag",
    DmarcStrictAlignment = "dmarc-strict-alignment",
    MxMissing = "mx-missing",
    MxWrongTarget = "mx-wrong-target",
    MxOthers = "mx-others",
    MxCname = "mx-cname",
    CnameMissing = "cname-missing",
    CnameWrongTarget = "cname-wrong-target",
    CnameProxied = "cname-proxied",
    CnameConflict = "cname-conflict",
    ValueQuoted = "value-quoted",
    ValueWhitespace = "value-whitespace",
    ValuePem = "value-pem",
    NameDoubled = "name-doubled",
    WrongHost = "wrong-host",
    WrongType = "wrong-type",
    Wildcard = "wildcard",
    NameserversDisagree = "nameservers-disagree",
    StaleCache = "stale-cache",
    LameNameserver = "lame-nameserver",
    DnsTimeout = "dns-timeout",
    DnsServfail = "dns-servfail",
    DnsRefused = "dns-refused",
    DnsBogus = "dns-bogus",
    DnsUnreachable = "dns-unreachable",
    DnsMalformed = "dns-malformed",
    DnsLocal = "dns-local",
    DnsProfile = "dns-profile",
    DelegationDiffers = "delegation-differs",
    DelegatedTo = "delegated-to",
    ZoneNotDelegated = "zone-not-delegated",
    Unreachable = "unreachable",
    ExistingMail = "existing-mail",
    ProfileBroken = "profile-broken",
    NameIsPublicSuffix = "name-is-public-suffix",
    NameIsMailboxProvider = "name-is-mailbox-provider",
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::find(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no finding code")))
    }
}

/// One thing seen. Kept as code and arguments, so that it can be said in any language later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// Which of the code's sentences says it; the message `CODE` or `CODE--VARIANT` of `wording`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What stands in the sentences, by placeholder. Text out of DNS comes shortened and with invisible characters
    /// made visible, see [`super::wording::quote`].
    #[serde(default)]
    pub args: BTreeMap<String, String>,
    /// The exact text to publish at the record's own name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggested_value: Option<String>,
}

impl Finding {
    pub fn new(severity: Severity, code: Code) -> Self {
        Self { code, severity, variant: None, args: BTreeMap::new(), suggested_value: None }
    }

    pub fn error(code: Code) -> Self {
        Self::new(Severity::Error, code)
    }

    pub fn warning(code: Code) -> Self {
        Self::new(Severity::Warning, code)
    }

    pub fn info(code: Code) -> Self {
        Self::new(Severity::Info, code)
    }

    #[must_use]
    pub fn variant(mut self, variant: &str) -> Self {
        self.variant = Some(variant.to_owned());
        self
    }

    #[must_use]
    pub fn arg(mut self, name: &str, value: impl ToString) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }

    #[must_use]
    pub fn suggest(mut self, value: impl Into<String>) -> Self {
        self.suggested_value = Some(value.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
