//! The streams that a hold stands for, so that it stands whatever becomes of its
//! camera. Holds from before have none yet: the recorder adds them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid;

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "hold_streams"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        // A stream stays when its row goes, as the hold itself does.
        let hold_stream = Table::create()
            .table("hold_stream")
            .col(uuid("hold"))
            .col(uuid("stream"))
            .primary_key(Index::create().col("hold").col("stream"))
            .foreign_key(ForeignKey::create().from("hold_stream", "hold").to("hold", "id"))
            .take();
        schema.create_table(hold_stream).await
    }
}
