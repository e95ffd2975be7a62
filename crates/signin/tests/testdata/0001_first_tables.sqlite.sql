CREATE TABLE "signin_steps" ( "position" integer NOT NULL PRIMARY KEY, "name" text NOT NULL );
INSERT INTO signin_steps VALUES(0,'first_tables');
CREATE TABLE "credential" ( "user" uuid_text NOT NULL PRIMARY KEY, "kind" text NOT NULL, "hash" text NOT NULL, "made_us" integer NOT NULL );
CREATE TABLE "sign_in" ( "id" uuid_text NOT NULL PRIMARY KEY, "user" uuid_text NOT NULL, "cookie_sha256" blob(1) NOT NULL UNIQUE, "opened_us" integer NOT NULL, "seen_us" integer NOT NULL );
INSERT INTO credential VALUES (X'01931f3c5a107c449d01000000000051', 'chosen', '$argon2id$v=19$m=47104,t=1,p=1$u4LguBruZkC1s81g6QD3jA$x7fBlkPjCjIaItdl/V1IVKTbwWYaxwTXpiaci2zje04', 1795135338250000);
INSERT INTO sign_in VALUES (X'01a2263239ad71cf96e76a91b55c5b42', X'01931f3c5a107c449d01000000000051', X'0136cb36d429590f794b49c261f67e47ffd1a887862c00d022820b9ebfd2801e', 1795135338250000, 1795135338250000);
