//! A state with its conditions, as answers tell it.

use serde::Serialize;
use utoipa::ToSchema;

use super::shape;
use crate::model::triage::{self, Status, Until};
use crate::model::version::Release;

/// A state with its conditions.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Standing {
    /// `open`, `resolved` or `muted`.
    state: &'static str,
    /// Since when; null if it never changed.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Resolved, and to be reopened only by a later version than this.
    resolved_in: Option<ResolvedIn>,
    /// When the mute ends; null if it is not muted, or for good.
    muted_until: Option<MutedUntil>,
    /// Open because it happened again after it was resolved: when that was.
    #[schema(format = DateTime)]
    regressed_at: Option<String>,
    /// Open because it happened too often for a mute: when that was.
    #[schema(format = DateTime)]
    escalated_at: Option<String>,
}

/// The version in which an error was resolved.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct ResolvedIn {
    /// The target label that names versions.
    #[schema(example = "version")]
    label: String,
    /// The version.
    #[schema(example = "1.4.2")]
    version: String,
}

/// When a mute ends: one of these.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
struct MutedUntil {
    /// At this time.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// When it happened so often in all (`total_count`).
    #[serde(skip_serializing_if = "Option::is_none")]
    total_count: Option<u64>,
    /// When it happens much more often than it used to.
    #[serde(skip_serializing_if = "Option::is_none")]
    escalation: Option<bool>,
}

impl From<&Status> for Standing {
    fn from(status: &Status) -> Self {
        let (resolved_in, muted_until) = match &status.standing {
            triage::Standing::Resolved(Some(release)) => (Some(ResolvedIn::from(release)), None),
            triage::Standing::Muted(until) => (None, MutedUntil::of(*until)),
            triage::Standing::Open | triage::Standing::Resolved(None) => (None, None),
        };
        Self {
            state: status.standing.state().name(),
            since: status.since.map(shape::time),
            resolved_in,
            muted_until,
            regressed_at: status.regressed_at.map(shape::time),
            escalated_at: status.escalated_at.map(shape::time),
        }
    }
}

impl From<&Release> for ResolvedIn {
    fn from(release: &Release) -> Self {
        Self { label: release.label.clone(), version: release.version.clone() }
    }
}

impl MutedUntil {
    fn of(until: Until) -> Option<Self> {
        match until {
            Until::Forever => None,
            Until::Time(time) => Some(Self { time: Some(shape::time(time)), ..Self::default() }),
            Until::Total(total) => Some(Self { total_count: Some(total), ..Self::default() }),
            Until::Escalation => Some(Self { escalation: Some(true), ..Self::default() }),
        }
    }
}
