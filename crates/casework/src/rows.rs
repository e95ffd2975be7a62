//! The rows of casework as they stand in its tables.
#![expect(unreachable_pub, reason = "the derives ask for public names")]

pub(crate) mod hold {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "hold")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub camera: Uuid,
        pub from_us: i64,
        pub to_us: i64,
        pub reason: String,
        pub made_by: Uuid,
        pub made_us: i64,
        pub released_us: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod hold_stream {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "hold_stream")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hold: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub stream: Uuid,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
