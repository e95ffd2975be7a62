//! What kind of body an organisation is and how long it lasts, where sites are, and
//! what is on record of cameras.
//!
//! Cameras that are there when the step runs go on being recorded though nobody said
//! for what: they carry the day by which that is to be settled.

use base::Day;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer_null, text, text_null, uuid_null};

pub(crate) struct Step {
    /// The day on which it runs.
    pub(crate) today: Day,
}

/// How many days there are to settle what an older camera is for.
const DAYS_TO_SETTLE: i32 = 90;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "places"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let organisation = [
            text("kind").default("other").take(),
            text_null("code"),
            text_null("name_en"),
            text("former_names").default("").take(),
            text_null("valid_from"),
            text_null("valid_until"),
            text("successors").default("").take(),
        ];
        let site = [
            text("category").default("other").take(),
            text_null("ward"),
            text_null("address"),
            integer_null("lat_udeg"),
            integer_null("lon_udeg"),
        ];
        let camera = [
            uuid_null("owner"),
            uuid_null("investor"),
            uuid_null("operator"),
            uuid_null("maintainer"),
            text("purposes").default("").take(),
            text_null("legal_basis"),
            integer_null("heading_deg"),
            integer_null("tilt_deg"),
            integer_null("height_cm"),
            integer_null("fov_deg"),
            text_null("link_kind"),
            text("life_cycle").default("in_service").take(),
            text_null("life_cycle_since"),
            text_null("notice_sign"),
            text_null("notice_sign_reason"),
            text_null("inherited_until"),
        ];
        add(schema, "organisation", organisation).await?;
        add(schema, "site", site).await?;
        add(schema, "camera", camera).await?;
        let one_code = Index::create()
            .unique()
            .name("organisation_code")
            .table("organisation")
            .col("code")
            .take();
        schema.create_index(one_code).await?;
        let until = self.today.plus(DAYS_TO_SETTLE).to_string();
        let inherited = Query::update().table("camera").value("inherited_until", until).take();
        schema.get_connection().execute(&inherited).await.map(drop)
    }
}

/// Adds columns; SQLite takes one at a time.
async fn add(
    schema: &SchemaManager<'_>,
    table: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> Result<(), DbErr> {
    for column in columns {
        schema.alter_table(Table::alter().table(table).add_column(column).take()).await?;
    }
    Ok(())
}
