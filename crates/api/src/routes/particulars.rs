//! What is on record of a camera, as it is told and written.

use base::{Day, OrganisationId};
use catalog::{NoticeSign, Particulars, ParticularsChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{day, said, same_words};
use crate::error::Refusal;

same_words! {
    /// What a camera watches for.
    Purpose {
        Traffic, Defence, SecurityOrder, SocialSafety, AdminViolation, UrbanOrder, Environment,
        Infrastructure,
    }

    /// Over what a camera's packets come.
    LinkKind { DedicatedFiber, LeasedLine, Internet, Wireless, Lan }

    /// Where a camera is in its life.
    LifeCycle { Planned, Installed, InService, OutOfService, Retired }
}

/// Whether a sign tells people of a camera.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sign {
    Yes,
    No,
    /// None is needed, for `notice_sign_reason`.
    Exempt,
}

/// What is on record of a camera beyond how it is reached and kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ParticularsRow {
    /// The organisation whose it is; null where it is its site's.
    owner: Option<Uuid>,
    /// Who paid for it.
    investor: Option<Uuid>,
    /// Who works with it.
    operator: Option<Uuid>,
    /// Who keeps it going.
    maintainer: Option<Uuid>,
    purposes: Vec<Purpose>,
    /// The number, day and issuer of the document that it stands on.
    legal_basis: Option<String>,
    /// Where it looks, clockwise from north.
    heading_deg: Option<u16>,
    /// How far above the horizon it looks; below it, less than 0.
    tilt_deg: Option<i16>,
    /// How high it hangs above the ground.
    height_m: Option<f64>,
    /// How wide it sees.
    fov_deg: Option<u16>,
    link_kind: Option<LinkKind>,
    life_cycle: LifeCycle,
    /// A day, as `2026-11-29`.
    life_cycle_since: Option<String>,
    /// Null where nobody knows.
    notice_sign: Option<Sign>,
    notice_sign_reason: Option<String>,
}

/// What shall be on record; what is left out stays, or is not known of a new
/// camera. `null` takes away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ParticularsWrite {
    /// The organisation whose it is; `null` where it is its site's.
    #[serde(deserialize_with = "said")]
    owner: Option<Option<Uuid>>,
    #[serde(deserialize_with = "said")]
    investor: Option<Option<Uuid>>,
    #[serde(deserialize_with = "said")]
    operator: Option<Option<Uuid>>,
    #[serde(deserialize_with = "said")]
    maintainer: Option<Option<Uuid>>,
    /// A camera that is recorded has at least one.
    purposes: Option<Vec<Purpose>>,
    /// The number, day and issuer of a document. A camera that is recorded has it.
    #[serde(deserialize_with = "said")]
    legal_basis: Option<Option<String>>,
    /// 0 to 359, clockwise from north.
    #[serde(deserialize_with = "said")]
    heading_deg: Option<Option<u16>>,
    /// -90, straight down, to 90.
    #[serde(deserialize_with = "said")]
    tilt_deg: Option<Option<i16>>,
    /// Up to 500.
    #[serde(deserialize_with = "said")]
    height_m: Option<Option<f64>>,
    /// 1 to 360.
    #[serde(deserialize_with = "said")]
    fov_deg: Option<Option<u16>>,
    #[serde(deserialize_with = "said")]
    link_kind: Option<Option<LinkKind>>,
    /// `in_service` if not said of a new camera.
    life_cycle: Option<LifeCycle>,
    /// A day, as `2026-11-29`.
    #[serde(deserialize_with = "said")]
    life_cycle_since: Option<Option<String>>,
    #[serde(deserialize_with = "said")]
    notice_sign: Option<Option<Sign>>,
    /// Why none is needed; goes with `exempt`.
    notice_sign_reason: Option<String>,
}

impl From<&Particulars> for ParticularsRow {
    fn from(of: &Particulars) -> Self {
        let id = |body: Option<OrganisationId>| body.map(|body| body.0);
        let sign = of.notice_sign.as_ref();
        Self {
            owner: id(of.owner),
            investor: id(of.investor),
            operator: id(of.operator),
            maintainer: id(of.maintainer),
            purposes: of.purposes.iter().map(|&purpose| purpose.into()).collect(),
            legal_basis: of.legal_basis.clone(),
            heading_deg: of.pose.heading_deg,
            tilt_deg: of.pose.tilt_deg,
            height_m: of.pose.height_cm.map(|height| f64::from(height) / 100.0),
            fov_deg: of.pose.fov_deg,
            link_kind: of.link_kind.map(Into::into),
            life_cycle: of.life_cycle.into(),
            life_cycle_since: of.life_cycle_since.map(|day| day.to_string()),
            notice_sign: sign.map(|sign| match sign {
                NoticeSign::Yes => Sign::Yes,
                NoticeSign::No => Sign::No,
                NoticeSign::Exempt(_) => Sign::Exempt,
            }),
            notice_sign_reason: sign.and_then(|sign| sign.reason()).map(str::to_owned),
        }
    }
}

impl ParticularsWrite {
    /// Returns what shall be different.
    pub(crate) fn change(self) -> Result<ParticularsChange, Refusal> {
        let id = |body: Option<Option<Uuid>>| body.map(|body| body.map(OrganisationId));
        let reason = self.notice_sign_reason;
        let sign = |sign| match sign {
            Sign::Yes => NoticeSign::Yes,
            Sign::No => NoticeSign::No,
            Sign::Exempt => NoticeSign::Exempt(reason.unwrap_or_default()),
        };
        let since = |since: Option<String>| -> Result<Option<Day>, Refusal> {
            since.map(|text| day("life_cycle_since", &text)).transpose()
        };
        let height = |height: Option<f64>| height.map(height_cm).transpose();
        Ok(ParticularsChange {
            owner: id(self.owner),
            investor: id(self.investor),
            operator: id(self.operator),
            maintainer: id(self.maintainer),
            purposes: self.purposes.map(|all| all.into_iter().map(Into::into).collect()),
            legal_basis: self.legal_basis,
            heading_deg: self.heading_deg,
            tilt_deg: self.tilt_deg,
            height_cm: self.height_m.map(height).transpose()?,
            fov_deg: self.fov_deg,
            link_kind: self.link_kind.map(|kind| kind.map(Into::into)),
            life_cycle: self.life_cycle.map(Into::into),
            life_cycle_since: self.life_cycle_since.map(since).transpose()?,
            notice_sign: self.notice_sign.map(|told| told.map(sign)),
        })
    }
}

/// Returns a height in metres in whole centimetres.
pub(crate) fn height_cm(metres: f64) -> Result<u32, Refusal> {
    match metres {
        // What is too high is refused by the catalog; it fits.
        0.0..=10_000.0 => Ok((metres * 100.0).round() as u32),
        _ => Err(Refusal::invalid("height_m", "a camera hangs from 0 to 500 m high")),
    }
}
