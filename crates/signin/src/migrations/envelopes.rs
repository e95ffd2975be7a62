//! The envelope for emergencies, and those that were opened.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_uniq, pk_uuid, text, uuid, uuid_null,
};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "envelopes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let envelope = Table::create()
            .table("envelope")
            .col(pk_uuid("id"))
            .col(uuid("user"))
            .col(binary_uniq("sha256"))
            .col(big_integer("sealed_us"))
            .col(big_integer_null("opened_us"))
            .col(text("address"))
            .col(text("reason"))
            .col(uuid_null("sign_in"))
            .col(big_integer_null("reviewed_us"))
            .col(uuid_null("reviewed_by"))
            .col(text("note"))
            .take();
        schema.create_table(envelope).await
    }
}
