//! Who somebody is and what they may do.

use std::fmt;

/// What somebody may do. Each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Look at everything.
    Read,
    /// Change states, labels, assignees, notes and views.
    Triage,
    /// Back up, verify, reload and stop the server.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Triage, Self::Admin];

    /// Its name, as it stands in configurations and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Somebody who asks, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Their name, which stands in the activity; empty for nobody in particular. Tokens are `token:NAME`, so that none passes for
    /// a person.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How we know.
    pub proof: Proof,
}

/// How we know who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Proof {
    /// We do not.
    Anonymous,
    /// By a password.
    Password,
    /// By an API token.
    Token,
    /// A proxy that is trusted says so.
    Proxy,
}

impl Proof {
    /// Its name, as it stands in answers and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Password => "password",
            Self::Token => "token",
            Self::Proxy => "proxy",
        }
    }
}
