//! The rows of sign-in as they stand in its tables.
#![expect(unreachable_pub, reason = "the derives ask for public names")]

pub(crate) mod credential {
    use sea_orm::entity::prelude::*;

    /// One for each person; what `kind` may be is `sign_in.rs`'s to say.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "credential")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user: Uuid,
        pub kind: String,
        pub hash: String,
        pub made_us: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod sign_in {
    use sea_orm::entity::prelude::*;

    /// One for each browser that is signed in.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "sign_in")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user: Uuid,
        pub cookie_sha256: Vec<u8>,
        pub asked: bool,
        pub opened_us: i64,
        pub seen_us: i64,
        pub confirmed_us: i64,
        pub address: String,
        pub agent: String,
        /// By what it was opened.
        pub way: String,
        /// Whether that was a second factor as well.
        pub second: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod suspended {
    use sea_orm::entity::prelude::*;

    /// One for each person who is not let in for the time being.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "suspended")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user: Uuid,
        pub since_us: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod envelope {
    use sea_orm::entity::prelude::*;

    /// One for each envelope that lies sealed or was opened.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "envelope")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user: Uuid,
        pub sha256: Vec<u8>,
        pub sealed_us: i64,
        pub opened_us: Option<i64>,
        pub address: String,
        pub reason: String,
        pub sign_in: Option<Uuid>,
        pub reviewed_us: Option<i64>,
        pub reviewed_by: Option<Uuid>,
        pub note: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod passkey {
    use sea_orm::entity::prelude::*;

    /// One for each key that somebody's phone or stick keeps.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "passkey")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user: Uuid,
        pub name: String,
        pub rp_id: String,
        pub credential: Vec<u8>,
        pub public_key: Vec<u8>,
        pub counted: i64,
        pub made_us: i64,
        pub used_us: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod provided {
    use sea_orm::entity::prelude::*;

    /// One for each person whom a provider may say somebody is.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "provided")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub issuer: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject: String,
        pub user: Uuid,
        pub made_us: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod totp {
    use sea_orm::entity::prelude::*;

    /// One for each person with an authenticator.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "totp")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user: Uuid,
        pub sealed: Vec<u8>,
        pub made_us: i64,
        pub last_step: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod recovery_code {
    use sea_orm::entity::prelude::*;

    /// One for each code that was not used yet.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_code")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kept: Vec<u8>,
        pub user: Uuid,
        pub made_us: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod api_token {
    use sea_orm::entity::prelude::*;

    /// One for each program that asks in somebody's name.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "api_token")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user: Uuid,
        pub name: String,
        pub sha256: Vec<u8>,
        pub scopes: String,
        pub made_us: i64,
        pub expires_us: i64,
        pub used_us: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod stream_secret {
    use sea_orm::entity::prelude::*;

    /// One for each program that somebody lets watch a camera.
    #[derive(Clone, Debug, DeriveEntityModel)]
    #[sea_orm(table_name = "stream_secret")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub name: String,
        pub user: Uuid,
        pub camera: Uuid,
        pub label: String,
        pub made_us: i64,
        pub expires_us: i64,
        pub revoked_us: Option<i64>,
        pub case_number: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
