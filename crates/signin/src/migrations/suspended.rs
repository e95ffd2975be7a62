//! Who is not let in for the time being.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "suspended"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let suspended = Table::create()
            .table("suspended")
            .col(pk_uuid("user"))
            .col(big_integer("since_us"))
            .take();
        schema.create_table(suspended).await
    }
}
