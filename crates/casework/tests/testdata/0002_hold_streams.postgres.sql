CREATE TABLE casework_steps ("position" integer NOT NULL, name text NOT NULL);
CREATE TABLE db_writes (one boolean NOT NULL, version bigint NOT NULL, writer uuid NOT NULL, others bigint NOT NULL, CONSTRAINT db_writes_one_check CHECK (one));
CREATE TABLE hold (id uuid NOT NULL, camera uuid NOT NULL, from_us bigint NOT NULL, to_us bigint NOT NULL, reason text NOT NULL, made_by uuid NOT NULL, made_us bigint NOT NULL, released_us bigint);
CREATE TABLE hold_stream (hold uuid NOT NULL, stream uuid NOT NULL);
INSERT INTO casework_steps VALUES (0, 'holds');
INSERT INTO casework_steps VALUES (1, 'hold_streams');
INSERT INTO db_writes VALUES (true, 1, '411e08da-8c5d-4a85-acf0-dc386668bc7f', 0);
INSERT INTO hold VALUES ('01931f3c-5a10-7c44-9d01-000000000071', '01931f3c-5a10-7c44-9d01-000000000031', 1795135338250000, 1795135398250000, 'va chạm ở ngã tư,
hồ sơ 12/2026', '01931f3c-5a10-7c44-9d01-000000000051', 1795135338250000, NULL);
INSERT INTO hold VALUES ('01931f3c-5a10-7c44-9d01-000000000072', '01931f3c-5a10-7c44-9d01-000000000032', 1795135338250000, 1795135398250000, 'xong', '01931f3c-5a10-7c44-9d01-000000000051', 1795135338250000, 1795135338250001);
INSERT INTO hold_stream VALUES ('01931f3c-5a10-7c44-9d01-000000000071', '01931f3c-5a10-7c44-9d01-000000000041');
INSERT INTO hold_stream VALUES ('01931f3c-5a10-7c44-9d01-000000000071', '01931f3c-5a10-7c44-9d01-000000000042');
ALTER TABLE casework_steps ADD CONSTRAINT casework_steps_pkey PRIMARY KEY ("position");
ALTER TABLE db_writes ADD CONSTRAINT db_writes_pkey PRIMARY KEY (one);
ALTER TABLE hold ADD CONSTRAINT hold_pkey PRIMARY KEY (id);
ALTER TABLE hold_stream ADD CONSTRAINT hold_stream_pkey PRIMARY KEY (hold, stream);
ALTER TABLE hold_stream ADD CONSTRAINT hold_stream_hold_fkey FOREIGN KEY (hold) REFERENCES hold(id);
