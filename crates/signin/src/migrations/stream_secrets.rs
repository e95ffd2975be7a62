//! The names by which foreign programs watch. No password: it follows from the
//! name and the installation's key.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, pk_uuid, text, text_uniq, uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "stream_secrets"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let secret = Table::create()
            .table("stream_secret")
            .col(pk_uuid("id"))
            .col(text_uniq("name"))
            .col(uuid("user"))
            .col(uuid("camera"))
            .col(text("label"))
            .col(big_integer("made_us"))
            .col(big_integer("expires_us"))
            .col(big_integer_null("revoked_us"))
            .take();
        schema.create_table(secret).await
    }
}
