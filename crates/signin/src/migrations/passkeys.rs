//! Keys that people's phones and sticks keep: of each the public half.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_uniq, pk_uuid, text, uuid,
};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "passkeys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let passkey = Table::create()
            .table("passkey")
            .col(pk_uuid("id"))
            .col(uuid("user"))
            .col(text("name"))
            .col(text("rp_id"))
            .col(binary_uniq("credential"))
            .col(binary("public_key"))
            .col(big_integer("counted"))
            .col(big_integer("made_us"))
            .col(big_integer_null("used_us"))
            .take();
        schema.create_table(passkey).await
    }
}
