//! What waits for a second person, what was opened in an emergency, what other
//! agencies asked for in writing.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, boolean_null, pk_uuid, text, text_null, uuid, uuid_null,
};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "decisions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for table in [approval(), emergency(), data_request(), handed_copy()] {
            schema.create_table(table).await?;
        }
        let by_request =
            Index::create().name("handed_copy_request").table("handed_copy").col("request").take();
        schema.create_index(by_request).await
    }
}

fn approval() -> TableCreateStatement {
    Table::create()
        .table("approval")
        .col(pk_uuid("id"))
        .col(uuid("asked_by"))
        .col(uuid("camera"))
        .col(big_integer("from_us"))
        .col(big_integer("to_us"))
        .col(boolean("sound"))
        .col(text("purpose"))
        .col(text_null("case_number"))
        .col(big_integer("asked_us"))
        .col(uuid_null("answered_by"))
        .col(big_integer_null("answered_us"))
        .col(big_integer_null("until_us"))
        .col(text_null("note"))
        .take()
}

fn emergency() -> TableCreateStatement {
    Table::create()
        .table("emergency")
        .col(pk_uuid("grant"))
        .col(uuid("opened_by"))
        .col(text("cameras"))
        .col(text("reason"))
        .col(big_integer("opened_us"))
        .col(big_integer("until_us"))
        .col(big_integer("due_us"))
        .col(uuid_null("reviewed_by"))
        .col(big_integer_null("reviewed_us"))
        .col(boolean_null("justified"))
        .col(text_null("note"))
        .take()
}

fn data_request() -> TableCreateStatement {
    Table::create()
        .table("data_request")
        .col(pk_uuid("id"))
        .col(text("number"))
        .col(big_integer("dated_us"))
        .col(text("agency"))
        .col(text("legal_basis"))
        .col(text("purpose"))
        .col(text("cameras"))
        .col(big_integer("from_us"))
        .col(big_integer("to_us"))
        .col(uuid("registered_by"))
        .col(big_integer("registered_us"))
        .col(big_integer("due_us"))
        .col(uuid_null("decided_by"))
        .col(big_integer_null("decided_us"))
        .col(boolean_null("approved"))
        .col(text_null("note"))
        .col(big_integer_null("received_us"))
        .col(text_null("received_by"))
        .take()
}

fn handed_copy() -> TableCreateStatement {
    Table::create()
        .table("handed_copy")
        .col(pk_uuid("id"))
        .col(uuid("request"))
        .col(uuid("camera"))
        .col(big_integer("from_us"))
        .col(big_integer("to_us"))
        .col(text("sha256"))
        .col(big_integer("size_bytes"))
        .col(uuid("made_by"))
        .col(big_integer("made_us"))
        .take()
}
