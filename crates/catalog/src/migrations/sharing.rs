//! What grants are narrowed by and come out of; sets of permissions; agreements and
//! who signs them; the rules and their versions.
//!
//! The sets that there are at first are the duties of the city's documents.

use base::PermissionSetId;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, integer_null, pk_uuid, text, text_null,
    text_uniq, uuid, uuid_null,
};

pub(crate) struct Step;

/// A name, that in English, what it gives, who steers before whom, days back.
type Duty = (&'static str, &'static str, &'static str, i32, Option<i32>);

const DUTIES: [Duty; 7] = [
    (
        "Trực ban cơ quan thường trực",
        "Standing body, on duty",
        "live playback export ptz sound review override",
        9,
        None,
    ),
    ("Cảnh sát giao thông", "Traffic police", "live playback export ptz review", 8, None),
    (
        "Cơ quan chủ quản camera",
        "Owning agency",
        "live playback export ptz configure share plan",
        5,
        None,
    ),
    ("Cán bộ xã, phường", "Ward or commune officer", "live playback ptz", 4, Some(7)),
    ("Quản lý, lập kế hoạch", "Inventory and planning", "see plan", 1, None),
    ("Đối tác xem trực tiếp", "Partner, live only", "live", 1, None),
    ("Chủ camera là người dân", "Citizen owner", "live playback export share", 3, None),
];

impl MigrationName for Step {
    fn name(&self) -> &str {
        "sharing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        // SQLite takes one column at a time.
        for column in [
            text("purposes").default("").take(),
            integer_null("most_lines"),
            integer_null("playback_days"),
            uuid_null("permission_set"),
            text("origin").default("office").take(),
            uuid_null("origin_id"),
        ] {
            let table = Table::alter().table("access_grant").add_column(column).take();
            schema.alter_table(table).await?;
        }
        let signatory = boolean("signatory").default(false).take();
        schema.alter_table(Table::alter().table("person").add_column(signatory).take()).await?;
        for table in [permission_set(), agreement(), policy()] {
            schema.create_table(table).await?;
        }
        let connection = schema.get_connection();
        for (name, name_en, actions, ptz_priority, days) in DUTIES {
            let duty = Query::insert()
                .into_table("permission_set")
                .columns(["id", "name", "name_en", "actions", "ptz_priority", "playback_days"])
                .values_panic([
                    Expr::val(PermissionSetId::new().0),
                    Expr::val(name),
                    Expr::val(name_en),
                    Expr::val(actions),
                    Expr::val(ptz_priority),
                    Expr::val(days),
                ])
                .take();
            connection.execute(&duty).await?;
        }
        let rules = [
            ("version", Expr::val(1)),
            ("from_us", Expr::val(0i64)),
            ("basis", Expr::val("Mặc định khi cài đặt")),
            ("case_after_hours", Expr::val(24)),
            ("case_for_export", Expr::val(true)),
            ("case_for_sound", Expr::val(true)),
            ("approve_ordinary", Expr::val(false)),
            ("approve_defence", Expr::val(true)),
            ("approve_longer_minutes", Expr::val(60)),
            ("approval_hours", Expr::val(24)),
            ("emergency_minutes", Expr::val(30)),
            ("review_hours", Expr::val(24)),
            ("laid_at_us", Expr::val(0i64)),
        ];
        let (columns, values): (Vec<_>, Vec<_>) = rules.into_iter().unzip();
        let policy =
            Query::insert().into_table("policy").columns(columns).values_panic(values).take();
        connection.execute(&policy).await.map(drop)
    }
}

fn permission_set() -> TableCreateStatement {
    Table::create()
        .table("permission_set")
        .col(pk_uuid("id"))
        .col(text_uniq("name"))
        .col(text_null("name_en"))
        .col(text("actions"))
        .col(integer("ptz_priority"))
        .col(integer_null("most_lines"))
        .col(integer_null("playback_days"))
        .take()
}

fn agreement() -> TableCreateStatement {
    Table::create()
        .table("agreement")
        .col(pk_uuid("id"))
        .col(text_uniq("number"))
        .col(text("document"))
        .col(text("purpose"))
        .col(uuid("owner"))
        .col(uuid("recipient"))
        .col(uuid_null("people"))
        .col(text("scope"))
        .col(text("scope_ids"))
        .col(text("purposes"))
        .col(text("actions"))
        .col(text_null("hours"))
        .col(integer_null("most_lines"))
        .col(integer_null("playback_days"))
        .col(big_integer_null("from_us"))
        .col(big_integer("until_us"))
        .col(uuid("drafted_by"))
        .col(big_integer("drafted_at_us"))
        .col(uuid_null("owner_signed_by"))
        .col(big_integer_null("owner_signed_at_us"))
        .col(uuid_null("recipient_signed_by"))
        .col(big_integer_null("recipient_signed_at_us"))
        .col(uuid_null("ended_by"))
        .col(big_integer_null("ended_at_us"))
        .col(text_null("end_reason"))
        .take()
}

fn policy() -> TableCreateStatement {
    Table::create()
        .table("policy")
        .col(integer("version").primary_key())
        .col(big_integer("from_us"))
        .col(text("basis"))
        .col(integer("case_after_hours"))
        .col(boolean("case_for_export"))
        .col(boolean("case_for_sound"))
        .col(boolean("approve_ordinary"))
        .col(boolean("approve_defence"))
        .col(integer("approve_longer_minutes"))
        .col(integer("approval_hours"))
        .col(integer("emergency_minutes"))
        .col(integer("review_hours"))
        .col(uuid_null("laid_by"))
        .col(big_integer("laid_at_us"))
        .take()
}
