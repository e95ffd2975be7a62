//! How a camera is reached, and whether it may be listened to.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{binary_null, boolean, text};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "links"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        // SQLite takes one column at a time.
        for column in [
            boolean("sound").default(false).take(),
            text("transport").default("auto").take(),
            text("switches").default("").take(),
            binary_null("certificate").take(),
        ] {
            let table = Table::alter().table("camera").add_column(column).take();
            schema.alter_table(table).await?;
        }
        Ok(())
    }
}
