//! The rows of what goes beyond single grants: sets of permissions, agreements, the
//! versions of the rules. How a scope and purposes stand in a row is `rows.rs`'s.

use base::{AgreementId, GroupId, OrganisationId, PermissionSetId, UserId, WallTime};
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;

use super::{broken, narrow, purpose_words, read_purposes, read_scope, scope_row};
use crate::{
    Actions, Agreement, AgreementTerms, Error, PermissionSet, Policy, PolicyTerms, Signature,
};

pub(crate) mod permission_set {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "permission_set")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub name: String,
        pub name_en: Option<String>,
        pub actions: String,
        pub ptz_priority: i32,
        pub most_lines: Option<i32>,
        pub playback_days: Option<i32>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod agreement {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "agreement")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        #[sea_orm(unique)]
        pub number: String,
        pub document: String,
        pub purpose: String,
        pub owner: Uuid,
        pub recipient: Uuid,
        pub people: Option<Uuid>,
        pub scope: String,
        pub scope_ids: String,
        pub purposes: String,
        pub actions: String,
        pub hours: Option<String>,
        pub most_lines: Option<i32>,
        pub playback_days: Option<i32>,
        pub from_us: Option<i64>,
        pub until_us: i64,
        pub drafted_by: Uuid,
        pub drafted_at_us: i64,
        pub owner_signed_by: Option<Uuid>,
        pub owner_signed_at_us: Option<i64>,
        pub recipient_signed_by: Option<Uuid>,
        pub recipient_signed_at_us: Option<i64>,
        pub ended_by: Option<Uuid>,
        pub ended_at_us: Option<i64>,
        pub end_reason: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod policy {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "policy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        pub from_us: i64,
        pub basis: String,
        pub case_after_hours: i32,
        pub case_for_export: bool,
        pub case_for_sound: bool,
        pub approve_ordinary: bool,
        pub approve_defence: bool,
        pub approve_longer_minutes: i32,
        pub approval_hours: i32,
        pub emergency_minutes: i32,
        pub review_hours: i32,
        pub laid_by: Option<Uuid>,
        pub laid_at_us: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

impl TryFrom<permission_set::Model> for PermissionSet {
    type Error = Error;

    fn try_from(row: permission_set::Model) -> Result<Self, Error> {
        Ok(Self {
            id: PermissionSetId(row.id),
            name: row.name,
            name_en: row.name_en,
            actions: Actions::of(&row.actions).ok_or_else(|| broken("actions", row.actions))?,
            ptz_priority: narrow("priority", row.ptz_priority)?,
            most_lines: row.most_lines.map(|lines| narrow("lines", lines)).transpose()?,
            playback_days: row.playback_days.map(|days| narrow("days", days)).transpose()?,
        })
    }
}

impl From<&PermissionSet> for permission_set::ActiveModel {
    fn from(value: &PermissionSet) -> Self {
        Self {
            id: Set(value.id.0),
            name: Set(value.name.clone()),
            name_en: Set(value.name_en.clone()),
            actions: Set(value.actions.words()),
            ptz_priority: Set(i32::from(value.ptz_priority)),
            most_lines: Set(value.most_lines.map(i32::from)),
            playback_days: Set(value.playback_days.map(i32::from)),
        }
    }
}

impl TryFrom<agreement::Model> for Agreement {
    type Error = Error;

    fn try_from(row: agreement::Model) -> Result<Self, Error> {
        let signature = |by: Option<Uuid>, at: Option<i64>| {
            by.zip(at).map(|(by, at)| Signature { by: UserId(by), at: WallTime(at) })
        };
        let hours = row.hours.as_deref().map(str::parse).transpose();
        let terms = AgreementTerms {
            number: row.number,
            document: row.document,
            purpose: row.purpose,
            owner: OrganisationId(row.owner),
            recipient: OrganisationId(row.recipient),
            people: row.people.map(GroupId),
            scope: read_scope(&row.scope, &row.scope_ids)?,
            purposes: read_purposes(&row.purposes)?,
            actions: Actions::of(&row.actions).ok_or_else(|| broken("actions", row.actions))?,
            hours: hours.map_err(|_| broken("hours", row.hours.unwrap_or_default()))?,
            most_lines: row.most_lines.map(|lines| narrow("lines", lines)).transpose()?,
            playback_days: row.playback_days.map(|days| narrow("days", days)).transpose()?,
            from: row.from_us.map(WallTime),
            until: WallTime(row.until_us),
        };
        let ended = signature(row.ended_by, row.ended_at_us);
        Ok(Self {
            id: AgreementId(row.id),
            terms,
            drafted: Signature { by: UserId(row.drafted_by), at: WallTime(row.drafted_at_us) },
            owner_signed: signature(row.owner_signed_by, row.owner_signed_at_us),
            recipient_signed: signature(row.recipient_signed_by, row.recipient_signed_at_us),
            ended: ended.map(|ended| (ended, row.end_reason.unwrap_or_default())),
        })
    }
}

impl From<&Agreement> for agreement::ActiveModel {
    fn from(value: &Agreement) -> Self {
        let terms = &value.terms;
        let (scope, scope_ids) = scope_row(&terms.scope);
        let by = |signature: Option<Signature>| Set(signature.map(|one| one.by.0));
        let at = |signature: Option<Signature>| Set(signature.map(|one| one.at.0));
        let ended = value.ended.as_ref().map(|(ended, _)| *ended);
        Self {
            id: Set(value.id.0),
            number: Set(terms.number.clone()),
            document: Set(terms.document.clone()),
            purpose: Set(terms.purpose.clone()),
            owner: Set(terms.owner.0),
            recipient: Set(terms.recipient.0),
            people: Set(terms.people.map(|people| people.0)),
            scope: Set(scope.to_owned()),
            scope_ids: Set(scope_ids),
            purposes: Set(purpose_words(&terms.purposes)),
            actions: Set(terms.actions.words()),
            hours: Set(terms.hours.as_ref().map(ToString::to_string)),
            most_lines: Set(terms.most_lines.map(i32::from)),
            playback_days: Set(terms.playback_days.map(i32::from)),
            from_us: Set(terms.from.map(|from| from.0)),
            until_us: Set(terms.until.0),
            drafted_by: Set(value.drafted.by.0),
            drafted_at_us: Set(value.drafted.at.0),
            owner_signed_by: by(value.owner_signed),
            owner_signed_at_us: at(value.owner_signed),
            recipient_signed_by: by(value.recipient_signed),
            recipient_signed_at_us: at(value.recipient_signed),
            ended_by: by(ended),
            ended_at_us: at(ended),
            end_reason: Set(value.ended.as_ref().map(|(_, reason)| reason.clone())),
        }
    }
}

impl TryFrom<policy::Model> for Policy {
    type Error = Error;

    fn try_from(row: policy::Model) -> Result<Self, Error> {
        Ok(Self {
            version: narrow("version of the rules", row.version)?,
            terms: PolicyTerms {
                from: WallTime(row.from_us),
                basis: row.basis,
                case_after_hours: narrow("rule", row.case_after_hours)?,
                case_for_export: row.case_for_export,
                case_for_sound: row.case_for_sound,
                approve_ordinary: row.approve_ordinary,
                approve_defence: row.approve_defence,
                approve_longer_minutes: narrow("rule", row.approve_longer_minutes)?,
                approval_hours: narrow("rule", row.approval_hours)?,
                emergency_minutes: narrow("rule", row.emergency_minutes)?,
                review_hours: narrow("rule", row.review_hours)?,
            },
            by: row.laid_by.map(UserId),
            at: WallTime(row.laid_at_us),
        })
    }
}

impl From<&Policy> for policy::ActiveModel {
    fn from(value: &Policy) -> Self {
        let terms = &value.terms;
        // Each was checked to lie far below.
        let small = |value: u32| Set(i32::try_from(value).unwrap_or(i32::MAX));
        Self {
            version: small(value.version),
            from_us: Set(terms.from.0),
            basis: Set(terms.basis.clone()),
            case_after_hours: small(terms.case_after_hours),
            case_for_export: Set(terms.case_for_export),
            case_for_sound: Set(terms.case_for_sound),
            approve_ordinary: Set(terms.approve_ordinary),
            approve_defence: Set(terms.approve_defence),
            approve_longer_minutes: small(terms.approve_longer_minutes),
            approval_hours: small(terms.approval_hours),
            emergency_minutes: small(terms.emergency_minutes),
            review_hours: small(terms.review_hours),
            laid_by: Set(value.by.map(|by| by.0)),
            laid_at_us: Set(value.at.0),
        }
    }
}
