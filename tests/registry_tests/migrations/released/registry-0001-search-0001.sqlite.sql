BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('v3.2.0.a');
CREATE TABLE registry_aliases (
	model_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	version_id BIGINT NOT NULL, 
	protected BOOLEAN DEFAULT 0 NOT NULL, 
	moved_at DATETIME NOT NULL, 
	CONSTRAINT pk_registry_aliases PRIMARY KEY (model_id, name), 
	CONSTRAINT fk_registry_aliases_model_id FOREIGN KEY(model_id) REFERENCES registry_models (id), 
	CONSTRAINT fk_registry_aliases_version_id FOREIGN KEY(version_id) REFERENCES registry_versions (id)
);
INSERT INTO "registry_aliases" VALUES(1,'champion',2,0,'2026-11-23 12:05:00.123456');
CREATE TABLE registry_artifacts (
	sha256 TEXT NOT NULL, 
	bytes BIGINT NOT NULL, 
	store TEXT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_registry_artifacts PRIMARY KEY (sha256)
);
INSERT INTO "registry_artifacts" VALUES('5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6',14,NULL,'2026-11-23 12:01:00.123456');
CREATE TABLE registry_chunks (
	sha256 TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_registry_chunks PRIMARY KEY (sha256, number), 
	CONSTRAINT fk_registry_chunks_sha256 FOREIGN KEY(sha256) REFERENCES registry_artifacts (sha256) ON DELETE CASCADE
);
INSERT INTO "registry_chunks" VALUES('5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6',0,X'6265747465722077656967687473');
CREATE TABLE registry_curves (
	version_id BIGINT NOT NULL, 
	metric TEXT NOT NULL, 
	epochs INTEGER NOT NULL, 
	float64 BLOB NOT NULL, 
	CONSTRAINT pk_registry_curves PRIMARY KEY (version_id, metric), 
	CONSTRAINT fk_registry_curves_version_id FOREIGN KEY(version_id) REFERENCES registry_versions (id) ON DELETE CASCADE
);
INSERT INTO "registry_curves" VALUES(1,'val_accuracy',3,X'000000000000E03F000000000000E83F666666666666E63F');
INSERT INTO "registry_curves" VALUES(1,'val_loss',3,X'CDCCCCCCCCCCEC3F000000000000F07F000000000000F87F');
INSERT INTO "registry_curves" VALUES(1,'loss',3,X'000000000000F03F9A9999999999B93F0000000000000080');
INSERT INTO "registry_curves" VALUES(2,'val_accuracy',1,X'9A9999999999E93F');
INSERT INTO "registry_curves" VALUES(3,'margin',1,X'000000000000F87F');
CREATE TABLE registry_events (
	id INTEGER NOT NULL, 
	model_id BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	actor TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	from_version INTEGER, 
	to_version INTEGER, 
	detail TEXT, 
	CONSTRAINT pk_registry_events PRIMARY KEY (id), 
	CONSTRAINT fk_registry_events_model_id FOREIGN KEY(model_id) REFERENCES registry_models (id)
);
INSERT INTO "registry_events" VALUES(1,1,'2026-11-23 12:04:00.123456','ann@lab','alias_set','champion',NULL,1,NULL);
INSERT INTO "registry_events" VALUES(2,1,'2026-11-23 12:05:00.123456','ann@lab','alias_set','champion',1,2,NULL);
INSERT INTO "registry_events" VALUES(3,1,'2026-11-23 12:06:00.123456','ann@lab','tag_set','note',NULL,2,'a ''quoted'' ; text');
CREATE TABLE registry_metrics (
	version_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	model_id BIGINT NOT NULL, 
	direction TEXT, 
	value DOUBLE, 
	best_value DOUBLE, 
	best_epoch INTEGER, 
	last_value DOUBLE, 
	CONSTRAINT pk_registry_metrics PRIMARY KEY (version_id, name), 
	CONSTRAINT ck_registry_metrics_direction CHECK (direction in ('max', 'min')), 
	CONSTRAINT fk_registry_metrics_model_id FOREIGN KEY(model_id) REFERENCES registry_models (id), 
	CONSTRAINT fk_registry_metrics_version_id FOREIGN KEY(version_id) REFERENCES registry_versions (id) ON DELETE CASCADE
);
INSERT INTO "registry_metrics" VALUES(1,'val_accuracy',1,'max',0.75,0.75,2,0.7);
INSERT INTO "registry_metrics" VALUES(1,'val_loss',1,'min',9e999,0.9,1,NULL);
INSERT INTO "registry_metrics" VALUES(1,'loss',1,'min',0.1,0.0,3,0.0);
INSERT INTO "registry_metrics" VALUES(2,'val_accuracy',1,'max',0.8,0.8,1,0.8);
INSERT INTO "registry_metrics" VALUES(3,'margin',1,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "registry_metrics" VALUES(3,'val_accuracy',1,'max',NULL,NULL,1,NULL);
INSERT INTO "registry_metrics" VALUES(4,'loss',2,'min',0.1,0.1,1,0.1);
CREATE TABLE registry_models (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	metric TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	next_version INTEGER DEFAULT '1' NOT NULL, 
	description TEXT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_registry_models PRIMARY KEY (id), 
	CONSTRAINT ck_registry_models_direction CHECK (direction in ('max', 'min')), 
	CONSTRAINT uq_registry_models_name UNIQUE (name)
);
INSERT INTO "registry_models" VALUES(1,'toy','val_accuracy','max',4,NULL,'2026-11-23 12:00:00.123456');
INSERT INTO "registry_models" VALUES(2,'other','loss','min',2,NULL,'2026-11-23 12:03:00.123456');
CREATE TABLE registry_params (
	version_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	number DOUBLE, 
	text TEXT, 
	CONSTRAINT pk_registry_params PRIMARY KEY (version_id, name), 
	CONSTRAINT ck_registry_params_kind CHECK (kind in ('none', 'bool', 'int', 'float', 'text')), 
	CONSTRAINT fk_registry_params_version_id FOREIGN KEY(version_id) REFERENCES registry_versions (id) ON DELETE CASCADE
);
INSERT INTO "registry_params" VALUES(1,'lr','float',3.00000000000000044408e-01,'0.30000000000000004');
INSERT INTO "registry_params" VALUES(1,'units','int',300.0,'300');
INSERT INTO "registry_params" VALUES(1,'nesterov','bool',1.0,'True');
INSERT INTO "registry_params" VALUES(1,'drop','none',NULL,NULL);
INSERT INTO "registry_params" VALUES(1,'act','text',NULL,'reluü');
INSERT INTO "registry_params" VALUES(1,'big','int',1.18059162071741130344e+21,'1180591620717411303424');
INSERT INTO "registry_params" VALUES(2,'units','int',7.0,'7');
CREATE TABLE registry_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT registry_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "registry_schema" VALUES('0001');
CREATE TABLE registry_tags (
	version_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_registry_tags PRIMARY KEY (version_id, name), 
	CONSTRAINT fk_registry_tags_version_id FOREIGN KEY(version_id) REFERENCES registry_versions (id) ON DELETE CASCADE
);
INSERT INTO "registry_tags" VALUES(1,'team','vision');
INSERT INTO "registry_tags" VALUES(2,'note','a ''quoted'' ; text');
CREATE TABLE registry_versions (
	id INTEGER NOT NULL, 
	model_id BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	state TEXT DEFAULT 'ready' NOT NULL, 
	score DOUBLE, 
	metric TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	epoch INTEGER NOT NULL, 
	stop_reason TEXT, 
	seconds DOUBLE, 
	parameters BIGINT, 
	study TEXT, 
	trial INTEGER, 
	seed BIGINT, 
	problem TEXT, 
	data_fingerprint TEXT, 
	code_revision TEXT, 
	libraries JSON NOT NULL, 
	weights TEXT, 
	prediction_check TEXT, 
	description TEXT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_registry_versions PRIMARY KEY (id), 
	CONSTRAINT ck_registry_versions_direction CHECK (direction in ('max', 'min')), 
	CONSTRAINT ck_registry_versions_state CHECK (state in ('ready', 'displaced')), 
	CONSTRAINT ck_registry_versions_epoch CHECK (epoch >= 1), 
	CONSTRAINT ck_registry_versions_number CHECK (number >= 1), 
	CONSTRAINT fk_registry_versions_model_id FOREIGN KEY(model_id) REFERENCES registry_models (id), 
	CONSTRAINT fk_registry_versions_prediction_check FOREIGN KEY(prediction_check) REFERENCES registry_artifacts (sha256), 
	CONSTRAINT fk_registry_versions_weights FOREIGN KEY(weights) REFERENCES registry_artifacts (sha256), 
	CONSTRAINT uq_registry_versions_model_id_number UNIQUE (model_id, number), 
	CONSTRAINT uq_registry_versions_model_id_study_trial UNIQUE (model_id, study, trial)
);
INSERT INTO "registry_versions" VALUES(1,1,1,'displaced',0.75,'val_accuracy','max',2,'early_stopping',12.5,266610,'night',0,1099511627776,'search.toy:toy','sha256:12','abc','{"keras": "3.15.1"}',NULL,NULL,NULL,'2026-11-23 12:00:00.123456');
INSERT INTO "registry_versions" VALUES(2,1,2,'ready',0.8,'val_accuracy','max',1,NULL,NULL,NULL,'night',1,NULL,NULL,NULL,NULL,'{}','5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6',NULL,NULL,'2026-11-23 12:01:00.123456');
INSERT INTO "registry_versions" VALUES(3,1,3,'ready',NULL,'val_accuracy','max',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}',NULL,NULL,NULL,'2026-11-23 12:02:00.123456');
INSERT INTO "registry_versions" VALUES(4,2,1,'ready',0.1,'loss','min',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'{}','5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6',NULL,NULL,'2026-11-23 12:03:00.123456');
CREATE TABLE search_checkpoints (
	slot_id INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	data BLOB NOT NULL, 
	PRIMARY KEY (slot_id), 
	CONSTRAINT fk_search_checkpoints_slot_id FOREIGN KEY(slot_id) REFERENCES search_slots (id) ON DELETE CASCADE
);
INSERT INTO "search_checkpoints" VALUES(1,3,'12',X'00FF');
CREATE TABLE search_results (
	slot_id INTEGER NOT NULL, 
	curves JSON NOT NULL, 
	pruned_by JSON, 
	error TEXT, 
	PRIMARY KEY (slot_id), 
	CONSTRAINT fk_search_results_slot_id FOREIGN KEY(slot_id) REFERENCES search_slots (id) ON DELETE CASCADE
);
INSERT INTO "search_results" VALUES(2,'{"loss": [1.5, null]}',NULL,NULL);
CREATE TABLE search_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT search_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "search_schema" VALUES('0001');
CREATE TABLE search_slots (
	id INTEGER NOT NULL, 
	study_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	state TEXT DEFAULT 'waiting' NOT NULL, 
	lease INTEGER DEFAULT '0' NOT NULL, 
	worker_id TEXT, 
	expires_at DOUBLE, 
	trial INTEGER, 
	params JSON, 
	epoch INTEGER DEFAULT '0' NOT NULL, 
	score DOUBLE, 
	best_epoch INTEGER, 
	stop_reason TEXT, 
	seconds DOUBLE, 
	parameters BIGINT, 
	started_at DOUBLE, 
	finished_at DOUBLE, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_search_slots_study_id_number UNIQUE (study_id, number), 
	CONSTRAINT uq_search_slots_study_id_trial UNIQUE (study_id, trial), 
	CONSTRAINT ck_search_slots_state CHECK (state in ('waiting', 'running', 'finished')), 
	CONSTRAINT ck_search_slots_held CHECK (state <> 'running' or (worker_id is not null and expires_at is not null)), 
	CONSTRAINT ck_search_slots_reason CHECK (state <> 'finished' or stop_reason is not null), 
	CONSTRAINT fk_search_slots_study_id FOREIGN KEY(study_id) REFERENCES search_studies (id) ON DELETE CASCADE, 
	CONSTRAINT fk_search_slots_worker_id FOREIGN KEY(worker_id) REFERENCES search_workers (id)
);
INSERT INTO "search_slots" VALUES(1,1,0,'running',1,'w1',9.5,0,'{"units": 3}',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "search_slots" VALUES(2,1,1,'finished',1,NULL,NULL,1,NULL,0,0.5,1,'pruned',NULL,NULL,NULL,NULL);
CREATE TABLE search_studies (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	problem TEXT NOT NULL, 
	model TEXT NOT NULL, 
	metric TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	settings JSON NOT NULL, 
	space JSON NOT NULL, 
	space_fingerprint TEXT NOT NULL, 
	data_fingerprint TEXT NOT NULL, 
	stopping BOOLEAN DEFAULT 0 NOT NULL, 
	error TEXT, 
	created_at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT uq_search_studies_name UNIQUE (name), 
	CONSTRAINT ck_search_studies_direction CHECK (direction in ('max', 'min'))
);
INSERT INTO "search_studies" VALUES(1,'night','search.toy:toy','toy','val_accuracy','max','{"sampler": "tpe", "pruner": "hyperband", "max_epochs": 10, "patience": 5, "prune_patience": 1, "top_k": 5, "seed": 3, "trial_seconds": null, "checkpoint_seconds": 10.0, "mixed_precision": false}','{"hyperparameters": [{"name": "learning_rate", "conditions": [], "min_value": 0.001, "max_value": 1.0, "step": null, "sampling": "log", "class": "Float"}, {"name": "units", "conditions": [], "min_value": 2, "max_value": 16, "step": 1, "sampling": "linear", "class": "Int"}, {"name": "activation", "conditions": [], "values": ["relu", "tanh"], "ordered": false, "class": "Choice"}], "ambiguous": [], "defaults": {"learning_rate": 0.1}}','4a2b6c7763dbe788','e85ef21e58f8054a',0,NULL,1.79547784339899563783e+09);
CREATE TABLE search_workers (
	id TEXT NOT NULL, 
	study_id INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	device TEXT NOT NULL, 
	state TEXT NOT NULL, 
	started_at DOUBLE NOT NULL, 
	beat_at DOUBLE NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT ck_search_workers_state CHECK (state in ('working', 'idle', 'stopped', 'failed')), 
	CONSTRAINT fk_search_workers_study_id FOREIGN KEY(study_id) REFERENCES search_studies (id) ON DELETE CASCADE
);
INSERT INTO "search_workers" VALUES('w1',1,'h',7,'cpu','working',1.5,2.5);
CREATE TABLE studies (
	study_id INTEGER NOT NULL, 
	study_name VARCHAR(512) NOT NULL, 
	PRIMARY KEY (study_id)
);
INSERT INTO "studies" VALUES(1,'night');
CREATE TABLE study_directions (
	study_direction_id INTEGER NOT NULL, 
	direction VARCHAR(8) NOT NULL, 
	study_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	PRIMARY KEY (study_direction_id), 
	UNIQUE (study_id, objective), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
INSERT INTO "study_directions" VALUES(1,'MAXIMIZE',1,0);
CREATE TABLE study_system_attributes (
	study_system_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_system_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE study_user_attributes (
	study_user_attribute_id INTEGER NOT NULL, 
	study_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (study_user_attribute_id), 
	UNIQUE (study_id, "key"), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE trial_heartbeats (
	trial_heartbeat_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	heartbeat DATETIME NOT NULL, 
	PRIMARY KEY (trial_heartbeat_id), 
	UNIQUE (trial_id), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_intermediate_values (
	trial_intermediate_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	step INTEGER NOT NULL, 
	intermediate_value FLOAT, 
	intermediate_value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_intermediate_value_id), 
	UNIQUE (trial_id, step), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_params (
	param_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	param_name VARCHAR(512), 
	param_value FLOAT, 
	distribution_json TEXT, 
	PRIMARY KEY (param_id), 
	UNIQUE (trial_id, param_name), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_system_attributes (
	trial_system_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_system_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_user_attributes (
	trial_user_attribute_id INTEGER NOT NULL, 
	trial_id INTEGER, 
	"key" VARCHAR(512), 
	value_json TEXT, 
	PRIMARY KEY (trial_user_attribute_id), 
	UNIQUE (trial_id, "key"), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trial_values (
	trial_value_id INTEGER NOT NULL, 
	trial_id INTEGER NOT NULL, 
	objective INTEGER NOT NULL, 
	value FLOAT, 
	value_type VARCHAR(7) NOT NULL, 
	PRIMARY KEY (trial_value_id), 
	UNIQUE (trial_id, objective), 
	FOREIGN KEY(trial_id) REFERENCES trials (trial_id)
);
CREATE TABLE trials (
	trial_id INTEGER NOT NULL, 
	number INTEGER, 
	study_id INTEGER, 
	state VARCHAR(8) NOT NULL, 
	datetime_start DATETIME, 
	datetime_complete DATETIME, 
	PRIMARY KEY (trial_id), 
	FOREIGN KEY(study_id) REFERENCES studies (study_id)
);
CREATE TABLE version_info (
	version_info_id INTEGER NOT NULL, 
	schema_version INTEGER, 
	library_version VARCHAR(256), 
	PRIMARY KEY (version_info_id), 
	CHECK (version_info_id=1)
);
INSERT INTO "version_info" VALUES(1,12,'5.0.0');
CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name);
CREATE INDEX ix_trials_study_id ON trials (study_id);
CREATE INDEX ix_registry_events_model_id_at ON registry_events (model_id, at);
CREATE INDEX ix_registry_versions_created_at ON registry_versions (created_at);
CREATE INDEX ix_registry_versions_model_id_study_score ON registry_versions (model_id, study, score);
CREATE INDEX ix_registry_versions_prediction_check ON registry_versions (prediction_check);
CREATE INDEX ix_registry_versions_weights ON registry_versions (weights);
CREATE INDEX ix_registry_aliases_version_id ON registry_aliases (version_id);
CREATE INDEX ix_registry_metrics_model_id ON registry_metrics (model_id);
CREATE INDEX ix_registry_metrics_name_model_id_value_version_id ON registry_metrics (name, model_id, value, version_id);
CREATE INDEX ix_registry_params_name_number ON registry_params (name, number);
CREATE INDEX ix_registry_tags_name_value ON registry_tags (name, value);
CREATE INDEX ix_search_workers_study_id_state ON search_workers (study_id, state);
CREATE INDEX ix_search_slots_study_id_state_number ON search_slots (study_id, state, number);
COMMIT;
