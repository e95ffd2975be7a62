//! What proves somebody beside the password, and what is known of each sign-in.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, binary_uniq, boolean, pk_uuid, text, uuid};

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "second_factors"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let totp = Table::create()
            .table("totp")
            .col(pk_uuid("user"))
            .col(binary("sealed"))
            .col(big_integer("made_us"))
            .col(big_integer("last_step"))
            .take();
        let recovery_code = Table::create()
            .table("recovery_code")
            .col(binary("kept").primary_key())
            .col(uuid("user"))
            .col(big_integer("made_us"))
            .take();
        schema.create_table(totp).await?;
        schema.create_table(recovery_code).await?;
        // Anew, and nobody is signed in any more: of what was open nothing is known
        // but a cookie, and by it nobody should go on without a second factor.
        schema.drop_table(Table::drop().table("sign_in").take()).await?;
        let sign_in = Table::create()
            .table("sign_in")
            .col(pk_uuid("id"))
            .col(uuid("user"))
            .col(binary_uniq("cookie_sha256"))
            .col(boolean("asked"))
            .col(big_integer("opened_us"))
            .col(big_integer("seen_us"))
            .col(big_integer("confirmed_us"))
            .col(text("address"))
            .col(text("agent"))
            .take();
        schema.create_table(sign_in).await
    }
}
