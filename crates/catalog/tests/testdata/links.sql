-- The catalog as the program kept it up to its step "links", with a camera and
-- the three first people. Kept as it was: a step is tried on what it will meet.
CREATE TABLE "organisation" ( "id" uuid_text NOT NULL PRIMARY KEY, "name" text NOT NULL, "parent" uuid_text NULL, FOREIGN KEY ("parent") REFERENCES "organisation" ("id") );
CREATE TABLE "site" ( "id" uuid_text NOT NULL PRIMARY KEY, "name" text NOT NULL, "organisation" uuid_text NOT NULL, FOREIGN KEY ("organisation") REFERENCES "organisation" ("id") );
CREATE TABLE "camera" ( "id" uuid_text NOT NULL PRIMARY KEY, "number" integer NOT NULL UNIQUE, "name" text NOT NULL, "site" uuid_text NOT NULL, "make" text NULL, "recording" boolean NOT NULL, "retention_days" integer NOT NULL, "retention_bytes" integer NULL, "sound" boolean NOT NULL DEFAULT FALSE, "transport" text NOT NULL DEFAULT 'auto', "switches" text NOT NULL DEFAULT '', "certificate" blob(1) NULL, FOREIGN KEY ("site") REFERENCES "site" ("id") );
CREATE TABLE "stream" ( "id" uuid_text NOT NULL PRIMARY KEY, "camera" uuid_text NOT NULL, "role" text NOT NULL, "url" text NOT NULL, "user_name" text NULL, "password_sealed" blob(1) NULL, "codec" text NULL, "width" integer NULL, "height" integer NULL, UNIQUE ("camera", "role"), FOREIGN KEY ("camera") REFERENCES "camera" ("id") ON DELETE CASCADE );
CREATE TABLE "person" ( "id" uuid_text NOT NULL PRIMARY KEY, "name" text NOT NULL UNIQUE, "display_name" text NOT NULL, "role" text NOT NULL );
CREATE TABLE "catalog_steps" ( "position" integer NOT NULL PRIMARY KEY, "name" text NOT NULL );
INSERT INTO catalog_steps VALUES (0, 'first_tables'), (1, 'links');
INSERT INTO organisation VALUES (x'0193000000007000800000000000000a', 'Công an thành phố', NULL);
INSERT INTO site VALUES (x'0193000000007000800000000000000b', 'Ngã Tư Sở', x'0193000000007000800000000000000a');
INSERT INTO camera VALUES (x'0193000000007000800000000000000c', 101, 'Ngã Tư Sở – toàn cảnh', x'0193000000007000800000000000000b', 'Hikvision', TRUE, 30, NULL, TRUE, 'tcp', 'no_teardown', NULL);
INSERT INTO stream VALUES (x'0193000000007000800000000000000d', x'0193000000007000800000000000000c', 'main', 'rtsp://10.0.0.1/main', NULL, NULL, 'avc1.640028', 1920, 1080);
INSERT INTO person VALUES (x'01930000000070008000000000000001', 'trucban', 'Trực ban', 'operator'), (x'01930000000070008000000000000002', 'quantri', 'Quản trị', 'administrator'), (x'01930000000070008000000000000003', 'kiemtra', 'Kiểm tra', 'auditor');
