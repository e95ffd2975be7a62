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

pub(crate) mod approval {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "approval")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub asked_by: Uuid,
        pub camera: Uuid,
        pub from_us: i64,
        pub to_us: i64,
        pub sound: bool,
        pub purpose: String,
        pub case_number: Option<String>,
        pub asked_us: i64,
        pub answered_by: Option<Uuid>,
        pub answered_us: Option<i64>,
        pub until_us: Option<i64>,
        pub note: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod emergency {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "emergency")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub grant: Uuid,
        pub opened_by: Uuid,
        pub cameras: String,
        pub reason: String,
        pub opened_us: i64,
        pub until_us: i64,
        pub due_us: i64,
        pub reviewed_by: Option<Uuid>,
        pub reviewed_us: Option<i64>,
        pub justified: Option<bool>,
        pub note: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod data_request {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "data_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub number: String,
        pub dated_us: i64,
        pub agency: String,
        pub legal_basis: String,
        pub purpose: String,
        pub cameras: String,
        pub from_us: i64,
        pub to_us: i64,
        pub registered_by: Uuid,
        pub registered_us: i64,
        pub due_us: i64,
        pub decided_by: Option<Uuid>,
        pub decided_us: Option<i64>,
        pub approved: Option<bool>,
        pub note: Option<String>,
        pub received_us: Option<i64>,
        pub received_by: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod handed_copy {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "handed_copy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub request: Uuid,
        pub camera: Uuid,
        pub from_us: i64,
        pub to_us: i64,
        pub sha256: String,
        pub size_bytes: i64,
        pub made_by: Uuid,
        pub made_us: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
