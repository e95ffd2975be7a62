//! What is on record of a camera beyond how it is reached and kept: whose it is,
//! what it is for, how it hangs, where it is in its life.
//!
//! > A camera is recorded for a purpose and on a legal basis, or not at all.
//!
//! Cameras from before that was asked are *inherited*: they go on being recorded,
//! and say by when it is to be settled. Nothing is switched off when that day is
//! over, since footage that was never made cannot be brought back.

use std::collections::BTreeSet;

use base::{Day, OrganisationId};

use crate::words::words;
use crate::{Error, Site, error};

words! {
    /// What a camera watches for.
    Purpose {
        /// Traffic.
        Traffic = "traffic",
        /// Defence.
        Defence = "defence",
        /// Security and order.
        SecurityOrder = "security_order",
        /// Social safety.
        SocialSafety = "social_safety",
        /// The handling of administrative violations.
        AdminViolation = "admin_violation",
        /// Urban order.
        UrbanOrder = "urban_order",
        /// The environment.
        Environment = "environment",
        /// Infrastructure.
        Infrastructure = "infrastructure",
    }

    /// Over what a camera's packets come.
    LinkKind {
        /// Fibre of one's own.
        DedicatedFiber = "dedicated_fiber",
        /// A line leased from a carrier.
        LeasedLine = "leased_line",
        /// The internet.
        Internet = "internet",
        /// A radio network.
        Wireless = "wireless",
        /// The network of the house.
        Lan = "lan",
    }

    /// Where a camera is in its life.
    LifeCycle {
        /// Not there yet.
        Planned = "planned",
        /// Hung, and not yet handed over.
        Installed = "installed",
        /// At work.
        InService = "in_service",
        /// Out of order, or switched off for long.
        OutOfService = "out_of_service",
        /// Gone; what it recorded stays.
        Retired = "retired",
    }
}

/// What is on record of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Particulars {
    /// Whose it is; whose its site is, if not said.
    pub owner: Option<OrganisationId>,
    /// Who paid for it.
    pub investor: Option<OrganisationId>,
    /// Who works with it.
    pub operator: Option<OrganisationId>,
    /// Who keeps it going.
    pub maintainer: Option<OrganisationId>,
    /// What it watches for.
    pub purposes: BTreeSet<Purpose>,
    /// On what that stands: the number, day and issuer of a document.
    pub legal_basis: Option<String>,
    /// How it hangs.
    pub pose: Pose,
    /// Over what its packets come.
    pub link_kind: Option<LinkKind>,
    /// Where it is in its life.
    pub life_cycle: LifeCycle,
    /// Since when.
    pub life_cycle_since: Option<Day>,
    /// Whether a sign tells people of it, if that is known.
    pub notice_sign: Option<NoticeSign>,
}

/// How a camera hangs. What was not measured is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pose {
    /// Where it looks, clockwise from north: 0 to 359.
    pub heading_deg: Option<u16>,
    /// How far above the horizon it looks; below it, less than 0. -90 to 90.
    pub tilt_deg: Option<i16>,
    /// How high it hangs above the ground: up to 500 m.
    pub height_cm: Option<u32>,
    /// How wide it sees: 1 to 360.
    pub fov_deg: Option<u16>,
}

/// Whether a sign tells people of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeSign {
    /// There is one.
    Yes,
    /// There is none.
    No,
    /// None is needed, for this reason.
    Exempt(String),
}

/// What of it shall be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ParticularsChange {
    /// Another owner, or its site's.
    pub owner: Option<Option<OrganisationId>>,
    /// Another investor, or none.
    pub investor: Option<Option<OrganisationId>>,
    /// Another operator, or none.
    pub operator: Option<Option<OrganisationId>>,
    /// Another maintainer, or none.
    pub maintainer: Option<Option<OrganisationId>>,
    /// Other purposes.
    pub purposes: Option<BTreeSet<Purpose>>,
    /// Another legal basis, or none.
    pub legal_basis: Option<Option<String>>,
    /// Another heading, or none.
    pub heading_deg: Option<Option<u16>>,
    /// Another tilt, or none.
    pub tilt_deg: Option<Option<i16>>,
    /// Another height, or none.
    pub height_cm: Option<Option<u32>>,
    /// Another field of view, or none.
    pub fov_deg: Option<Option<u16>>,
    /// Another kind of link, or none.
    pub link_kind: Option<Option<LinkKind>>,
    /// Another place in its life.
    pub life_cycle: Option<LifeCycle>,
    /// Since another day, or since nobody knows when.
    pub life_cycle_since: Option<Option<Day>>,
    /// What is known of its sign from now on.
    pub notice_sign: Option<Option<NoticeSign>>,
}

impl Default for Particulars {
    /// Returns those of a camera at work of which nobody said anything.
    fn default() -> Self {
        Self {
            owner: None,
            investor: None,
            operator: None,
            maintainer: None,
            purposes: BTreeSet::new(),
            legal_basis: None,
            pose: Pose::default(),
            link_kind: None,
            life_cycle: LifeCycle::InService,
            life_cycle_since: None,
            notice_sign: None,
        }
    }
}

impl Particulars {
    /// Returns whose a camera is that hangs on this site.
    pub fn owner_at(&self, site: &Site) -> OrganisationId {
        self.owner.unwrap_or(site.organisation)
    }

    /// Yields the organisations that it names.
    pub fn organisations(&self) -> impl Iterator<Item = OrganisationId> {
        [self.owner, self.investor, self.operator, self.maintainer].into_iter().flatten()
    }

    /// Returns whether its purpose and the basis of it are said.
    pub fn is_settled(&self) -> bool {
        self.may_record().is_ok()
    }

    /// Refuses to record for nothing, or on no basis.
    pub(crate) fn may_record(&self) -> Result<(), Error> {
        let cure = "give both, or leave recording off";
        if self.purposes.is_empty() {
            let message = format!(
                "a camera is recorded for a purpose, such as traffic, on a legal basis; {cure}"
            );
            return Err(Error::invalid("purposes", message));
        }
        if self.legal_basis.is_none() {
            let message = format!(
                "a camera is recorded on a legal basis: the number, day and issuer of a \
                 document; {cure}"
            );
            return Err(Error::invalid("legal_basis", message));
        }
        Ok(())
    }

    /// Returns them as they are kept, if they can be.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        self.pose = self.pose.checked()?;
        self.legal_basis = text("legal_basis", self.legal_basis)?;
        if let Some(NoticeSign::Exempt(reason)) = self.notice_sign {
            let reason = text("notice_sign_reason", Some(reason))?.ok_or_else(|| {
                let message = "say why no sign is needed";
                Error::invalid("notice_sign_reason", message)
            })?;
            self.notice_sign = Some(NoticeSign::Exempt(reason));
        }
        Ok(self)
    }

    /// Returns them with a change made, as they are kept.
    pub fn changed(&self, wanted: ParticularsChange) -> Result<Self, Error> {
        let Pose { heading_deg, tilt_deg, height_cm, fov_deg } = self.pose;
        Self {
            owner: wanted.owner.unwrap_or(self.owner),
            investor: wanted.investor.unwrap_or(self.investor),
            operator: wanted.operator.unwrap_or(self.operator),
            maintainer: wanted.maintainer.unwrap_or(self.maintainer),
            purposes: wanted.purposes.unwrap_or_else(|| self.purposes.clone()),
            legal_basis: wanted.legal_basis.unwrap_or_else(|| self.legal_basis.clone()),
            pose: Pose {
                heading_deg: wanted.heading_deg.unwrap_or(heading_deg),
                tilt_deg: wanted.tilt_deg.unwrap_or(tilt_deg),
                height_cm: wanted.height_cm.unwrap_or(height_cm),
                fov_deg: wanted.fov_deg.unwrap_or(fov_deg),
            },
            link_kind: wanted.link_kind.unwrap_or(self.link_kind),
            life_cycle: wanted.life_cycle.unwrap_or(self.life_cycle),
            life_cycle_since: wanted.life_cycle_since.unwrap_or(self.life_cycle_since),
            notice_sign: wanted.notice_sign.unwrap_or_else(|| self.notice_sign.clone()),
        }
        .checked()
    }
}

impl Pose {
    fn checked(self) -> Result<Self, Error> {
        let Self { heading_deg, tilt_deg, height_cm, fov_deg } = self;
        if heading_deg.is_some_and(|heading| heading > 359) {
            let message = "a heading is from 0 to 359 degrees, clockwise from north";
            return Err(Error::invalid("heading_deg", message));
        }
        if tilt_deg.is_some_and(|tilt| !(-90..=90).contains(&tilt)) {
            let message = "a tilt is from -90 degrees, straight down, to 90";
            return Err(Error::invalid("tilt_deg", message));
        }
        if height_cm.is_some_and(|height| height > 50_000) {
            return Err(Error::invalid("height_m", "a camera hangs at most 500 m high"));
        }
        if fov_deg.is_some_and(|fov| !(1..=360).contains(&fov)) {
            return Err(Error::invalid("fov_deg", "a field of view is from 1 to 360 degrees"));
        }
        Ok(self)
    }
}

impl NoticeSign {
    /// Returns the word that rows and the API use.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Exempt(_) => "exempt",
        }
    }

    /// Returns why none is needed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Exempt(reason) => Some(reason),
            Self::Yes | Self::No => None,
        }
    }

    /// Reads the word that [`NoticeSign::as_str`] writes, with its reason.
    pub fn of(word: &str, reason: Option<String>) -> Option<Self> {
        match word {
            "yes" => Some(Self::Yes),
            "no" => Some(Self::No),
            "exempt" => Some(Self::Exempt(reason.unwrap_or_default())),
            _ => None,
        }
    }
}

/// Returns a text of some length, where an empty one is none.
pub(crate) fn text(field: &'static str, text: Option<String>) -> Result<Option<String>, Error> {
    text.filter(|text| !text.trim().is_empty()).map(|text| error::text(field, &text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(particulars: Particulars) -> (&'static str, String) {
        match particulars.checked().unwrap_err() {
            Error::Invalid { field, message } => (field, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn recording_takes_a_purpose_and_a_legal_basis() {
        let mut particulars = Particulars::default();
        let words = particulars.may_record().unwrap_err().to_string();
        assert!(words.contains("for a purpose") && words.contains("leave recording off"));
        particulars.purposes.insert(Purpose::Traffic);
        let words = particulars.may_record().unwrap_err().to_string();
        assert!(words.contains("on a legal basis: the number, day and issuer"));
        particulars.legal_basis = Some("319/QĐ-UBND, 19/1/2024, UBND Thành phố".to_owned());
        assert!(particulars.may_record().is_ok() && particulars.is_settled());
    }

    #[test]
    fn a_pose_is_within_what_there_is() {
        let posed = |pose| Particulars { pose, ..Particulars::default() };
        let pose = Pose {
            heading_deg: Some(359),
            tilt_deg: Some(-90),
            height_cm: Some(650),
            fov_deg: Some(360),
        };
        assert_eq!(posed(pose).checked().unwrap().pose, pose);
        let field = |pose| refusal(posed(pose)).0;
        let none = Pose::default();
        assert_eq!(field(Pose { heading_deg: Some(360), ..none }), "heading_deg");
        assert_eq!(field(Pose { tilt_deg: Some(-91), ..none }), "tilt_deg");
        assert_eq!(field(Pose { height_cm: Some(50_001), ..none }), "height_m");
        assert_eq!(field(Pose { fov_deg: Some(0), ..none }), "fov_deg");
    }

    #[test]
    fn who_needs_no_sign_says_why() {
        let exempt = |reason: &str| Particulars {
            notice_sign: Some(NoticeSign::Exempt(reason.to_owned())),
            ..Particulars::default()
        };
        let refused = refusal(exempt("  "));
        assert_eq!(refused, ("notice_sign_reason", "say why no sign is needed".to_owned()));
        let kept = exempt(" mục tiêu ").checked().unwrap().notice_sign.unwrap();
        assert_eq!(NoticeSign::of(kept.as_str(), kept.reason().map(str::to_owned)), Some(kept));
    }

    #[test]
    fn what_a_change_does_not_name_stays() {
        let before = Particulars {
            legal_basis: Some("319/QĐ-UBND".to_owned()),
            purposes: [Purpose::Traffic].into(),
            ..Particulars::default()
        };
        assert_eq!(before.changed(ParticularsChange::default()).unwrap(), before);
        let wanted = ParticularsChange {
            legal_basis: Some(Some(" ".to_owned())),
            tilt_deg: Some(Some(-12)),
            ..ParticularsChange::default()
        };
        let after = before.changed(wanted).unwrap();
        assert_eq!((after.legal_basis, after.pose.tilt_deg), (None, Some(-12)));
        assert_eq!(after.purposes, before.purposes);
    }
}
