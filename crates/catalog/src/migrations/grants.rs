//! Groups, grants, the class of a camera, whom a person works for.
//!
//! Operators held every camera before there were grants: each keeps that, by a
//! grant that says so and can be revoked.

use base::GrantId;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, pk_uuid, text, text_null, text_uniq, uuid, uuid_null,
};
use sea_orm_migration::sea_orm::prelude::Uuid;

pub(crate) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &str {
        "grants"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let class = text("class").default("ordinary").take();
        schema.alter_table(Table::alter().table("camera").add_column(class).take()).await?;
        let works_for = uuid_null("organisation");
        schema.alter_table(Table::alter().table("person").add_column(works_for).take()).await?;
        let group =
            Table::create().table("people_group").col(pk_uuid("id")).col(text_uniq("name")).take();
        let member = Table::create()
            .table("group_member")
            .col(uuid("people_group"))
            .col(uuid("person"))
            .primary_key(Index::create().col("people_group").col("person"))
            .foreign_key(&mut to("group_member", "people_group"))
            .foreign_key(&mut to("group_member", "person"))
            .take();
        // `grant` is a reserved word.
        let grant = Table::create()
            .table("access_grant")
            .col(pk_uuid("id"))
            .col(text("subject"))
            .col(uuid("subject_id"))
            .col(text("scope"))
            .col(text("scope_ids"))
            .col(text("class"))
            .col(text("actions"))
            .col(integer("ptz_priority"))
            .col(big_integer_null("from_us"))
            .col(big_integer_null("until_us"))
            .col(text_null("hours"))
            .col(text("basis"))
            .col(uuid_null("given_by"))
            .col(big_integer("given_at_us"))
            .col(uuid_null("agreed_by"))
            .take();
        for table in [group, member, grant] {
            schema.create_table(table).await?;
        }
        let connection = schema.get_connection();
        let operators = Query::select()
            .column("id")
            .from("person")
            .and_where(Expr::col("role").eq("operator"))
            .take();
        for operator in connection.query_all(&operators).await? {
            let operator: Uuid = operator.try_get("", "id")?;
            let grant = Query::insert()
                .into_table("access_grant")
                .columns([
                    "id",
                    "subject",
                    "subject_id",
                    "scope",
                    "scope_ids",
                    "class",
                    "actions",
                    "ptz_priority",
                    "basis",
                    "given_at_us",
                ])
                .values_panic([
                    Expr::val(GrantId::new().0),
                    Expr::val("user"),
                    Expr::val(operator),
                    Expr::val("all"),
                    Expr::val(""),
                    Expr::val("ordinary"),
                    Expr::val("live playback export ptz sound"),
                    Expr::val(5),
                    Expr::val("Giữ nguyên quyền có từ trước khi phân quyền theo camera"),
                    Expr::val(0i64),
                ])
                .take();
            connection.execute(&grant).await?;
        }
        Ok(())
    }
}

fn to(from: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(from, table)
        .to(table, "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}
