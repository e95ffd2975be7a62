//! Whom a provider may say somebody is, and by what each sign-in was opened.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, text, uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "providers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let provided = Table::create()
            .table("provided")
            .col(text("issuer"))
            .col(text("subject"))
            .col(uuid("user"))
            .col(big_integer("made_us"))
            .primary_key(Index::create().col("issuer").col("subject"))
            .take();
        schema.create_table(provided).await?;
        // Nobody is two people at one provider.
        let once = Index::create()
            .name("provided_user")
            .table("provided")
            .col("issuer")
            .col("user")
            .unique()
            .take();
        schema.create_index(once).await?;
        // SQLite takes one column at a time. What is open was opened by a password.
        for column in
            [text("way").default("password").take(), boolean("second").default(false).take()]
        {
            let table = Table::alter().table("sign_in").add_column(column).take();
            schema.alter_table(table).await?;
        }
        Ok(())
    }
}
