//! Holds.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, pk_uuid, text, uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "holds"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        // Camera and person stay when their rows go: a hold is kept as it was placed.
        let hold = Table::create()
            .table("hold")
            .col(pk_uuid("id"))
            .col(uuid("camera"))
            .col(big_integer("from_us"))
            .col(big_integer("to_us"))
            .col(text("reason"))
            .col(uuid("made_by"))
            .col(big_integer("made_us"))
            .col(big_integer_null("released_us"))
            .take();
        schema.create_table(hold).await
    }
}
