//! For which case a foreign program listens.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "stream_secret_cases"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let case = text_null("case_number");
        let secret = Table::alter().table("stream_secret").add_column(case).take();
        schema.alter_table(secret).await
    }
}
