//! Organisations, sites, cameras with their streams, users.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer_null, binary_null, boolean, integer, integer_null, integer_uniq, pk_uuid, text,
    text_null, text_uniq, uuid, uuid_null,
};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "first_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let organisation = Table::create()
            .table("organisation")
            .col(pk_uuid("id"))
            .col(text("name"))
            .col(uuid_null("parent"))
            .foreign_key(&mut to("organisation", "parent", "organisation"))
            .take();
        let site = Table::create()
            .table("site")
            .col(pk_uuid("id"))
            .col(text("name"))
            .col(uuid("organisation"))
            .foreign_key(&mut to("site", "organisation", "organisation"))
            .take();
        let camera = Table::create()
            .table("camera")
            .col(pk_uuid("id"))
            .col(integer_uniq("number"))
            .col(text("name"))
            .col(uuid("site"))
            .col(text_null("make"))
            .col(boolean("recording"))
            .col(integer("retention_days"))
            .col(big_integer_null("retention_bytes"))
            .foreign_key(&mut to("camera", "site", "site"))
            .take();
        let stream = Table::create()
            .table("stream")
            .col(pk_uuid("id"))
            .col(uuid("camera"))
            .col(text("role"))
            .col(text("url"))
            .col(text_null("user_name"))
            .col(binary_null("password_sealed"))
            .col(text_null("codec"))
            .col(integer_null("width"))
            .col(integer_null("height"))
            .foreign_key(
                &mut to("stream", "camera", "camera").on_delete(ForeignKeyAction::Cascade).take(),
            )
            .index(Index::create().unique().col("camera").col("role"))
            .take();
        // `user` is a reserved word of PostgreSQL.
        let person = Table::create()
            .table("person")
            .col(pk_uuid("id"))
            .col(text_uniq("name"))
            .col(text("display_name"))
            .col(text("role"))
            .take();
        for table in [organisation, site, camera, stream, person] {
            schema.create_table(table).await?;
        }
        Ok(())
    }
}

fn to(from: &'static str, column: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().from(from, column).to(table, "id").take()
}
