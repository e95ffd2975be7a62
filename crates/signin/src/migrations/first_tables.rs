//! A person's password, and the sign-ins that are open.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary_uniq, pk_uuid, text, uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "first_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let credential = Table::create()
            .table("credential")
            .col(pk_uuid("user"))
            .col(text("kind"))
            .col(text("hash"))
            .col(big_integer("made_us"))
            .take();
        let sign_in = Table::create()
            .table("sign_in")
            .col(pk_uuid("id"))
            .col(uuid("user"))
            .col(binary_uniq("cookie_sha256"))
            .col(big_integer("opened_us"))
            .col(big_integer("seen_us"))
            .take();
        schema.create_table(credential).await?;
        schema.create_table(sign_in).await
    }
}
