//! By what programs ask in a person's name.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary_uniq, pk_uuid, text, uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "api_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let token = Table::create()
            .table("api_token")
            .col(pk_uuid("id"))
            .col(uuid("user"))
            .col(text("name"))
            .col(binary_uniq("sha256"))
            .col(text("scopes"))
            .col(big_integer("made_us"))
            .col(big_integer("expires_us"))
            .col(big_integer_null("used_us"))
            .take();
        schema.create_table(token).await
    }
}
