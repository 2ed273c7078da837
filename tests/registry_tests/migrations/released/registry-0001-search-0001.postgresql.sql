SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE TYPE public.studydirection AS ENUM (
    'NOT_SET',
    'MINIMIZE',
    'MAXIMIZE'
);
CREATE TYPE public.trialintermediatevaluetype AS ENUM (
    'FINITE',
    'INF_POS',
    'INF_NEG',
    'NAN'
);
CREATE TYPE public.trialstate AS ENUM (
    'RUNNING',
    'COMPLETE',
    'PRUNED',
    'FAIL',
    'WAITING'
);
CREATE TYPE public.trialvaluetype AS ENUM (
    'FINITE',
    'INF_POS',
    'INF_NEG'
);
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.registry_aliases (
    model_id bigint NOT NULL,
    name text NOT NULL,
    version_id bigint NOT NULL,
    protected boolean DEFAULT false NOT NULL,
    moved_at timestamp with time zone NOT NULL
);
CREATE TABLE public.registry_artifacts (
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    store text,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.registry_chunks (
    sha256 text NOT NULL,
    number integer NOT NULL,
    data bytea NOT NULL
);
CREATE TABLE public.registry_curves (
    version_id bigint NOT NULL,
    metric text NOT NULL,
    epochs integer NOT NULL,
    float64 bytea NOT NULL
);
CREATE TABLE public.registry_events (
    id bigint NOT NULL,
    model_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    from_version integer,
    to_version integer,
    detail text
);
CREATE SEQUENCE public.registry_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.registry_events_id_seq OWNED BY public.registry_events.id;
CREATE TABLE public.registry_metrics (
    version_id bigint NOT NULL,
    name text NOT NULL,
    model_id bigint NOT NULL,
    direction text,
    value double precision,
    best_value double precision,
    best_epoch integer,
    last_value double precision,
    CONSTRAINT ck_registry_metrics_direction CHECK ((direction = ANY (ARRAY['max'::text, 'min'::text])))
);
CREATE TABLE public.registry_models (
    id bigint NOT NULL,
    name text NOT NULL,
    metric text NOT NULL,
    direction text NOT NULL,
    next_version integer DEFAULT 1 NOT NULL,
    description text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_registry_models_direction CHECK ((direction = ANY (ARRAY['max'::text, 'min'::text])))
);
CREATE SEQUENCE public.registry_models_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.registry_models_id_seq OWNED BY public.registry_models.id;
CREATE TABLE public.registry_params (
    version_id bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    number double precision,
    text text,
    CONSTRAINT ck_registry_params_kind CHECK ((kind = ANY (ARRAY['none'::text, 'bool'::text, 'int'::text, 'float'::text, 'text'::text])))
);
CREATE TABLE public.registry_schema (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.registry_tags (
    version_id bigint NOT NULL,
    name text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.registry_versions (
    id bigint NOT NULL,
    model_id bigint NOT NULL,
    number integer NOT NULL,
    state text DEFAULT 'ready'::text NOT NULL,
    score double precision,
    metric text NOT NULL,
    direction text NOT NULL,
    epoch integer NOT NULL,
    stop_reason text,
    seconds double precision,
    parameters bigint,
    study text,
    trial integer,
    seed bigint,
    problem text,
    data_fingerprint text,
    code_revision text,
    libraries json NOT NULL,
    weights text,
    prediction_check text,
    description text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_registry_versions_direction CHECK ((direction = ANY (ARRAY['max'::text, 'min'::text]))),
    CONSTRAINT ck_registry_versions_epoch CHECK ((epoch >= 1)),
    CONSTRAINT ck_registry_versions_number CHECK ((number >= 1)),
    CONSTRAINT ck_registry_versions_state CHECK ((state = ANY (ARRAY['ready'::text, 'displaced'::text])))
);
CREATE SEQUENCE public.registry_versions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.registry_versions_id_seq OWNED BY public.registry_versions.id;
CREATE TABLE public.search_checkpoints (
    slot_id integer NOT NULL,
    epoch integer NOT NULL,
    sha256 text NOT NULL,
    data bytea NOT NULL
);
CREATE TABLE public.search_results (
    slot_id integer NOT NULL,
    curves json NOT NULL,
    pruned_by json,
    error text
);
CREATE TABLE public.search_schema (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.search_slots (
    id integer NOT NULL,
    study_id integer NOT NULL,
    number integer NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    lease integer DEFAULT 0 NOT NULL,
    worker_id text,
    expires_at double precision,
    trial integer,
    params json,
    epoch integer DEFAULT 0 NOT NULL,
    score double precision,
    best_epoch integer,
    stop_reason text,
    seconds double precision,
    parameters bigint,
    started_at double precision,
    finished_at double precision,
    CONSTRAINT ck_search_slots_held CHECK (((state <> 'running'::text) OR ((worker_id IS NOT NULL) AND (expires_at IS NOT NULL)))),
    CONSTRAINT ck_search_slots_reason CHECK (((state <> 'finished'::text) OR (stop_reason IS NOT NULL))),
    CONSTRAINT ck_search_slots_state CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'finished'::text])))
);
CREATE SEQUENCE public.search_slots_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.search_slots_id_seq OWNED BY public.search_slots.id;
CREATE TABLE public.search_studies (
    id integer NOT NULL,
    name text NOT NULL,
    problem text NOT NULL,
    model text NOT NULL,
    metric text NOT NULL,
    direction text NOT NULL,
    settings json NOT NULL,
    space json NOT NULL,
    space_fingerprint text NOT NULL,
    data_fingerprint text NOT NULL,
    stopping boolean DEFAULT false NOT NULL,
    error text,
    created_at double precision NOT NULL,
    CONSTRAINT ck_search_studies_direction CHECK ((direction = ANY (ARRAY['max'::text, 'min'::text])))
);
CREATE SEQUENCE public.search_studies_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.search_studies_id_seq OWNED BY public.search_studies.id;
CREATE TABLE public.search_workers (
    id text NOT NULL,
    study_id integer NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    device text NOT NULL,
    state text NOT NULL,
    started_at double precision NOT NULL,
    beat_at double precision NOT NULL,
    CONSTRAINT ck_search_workers_state CHECK ((state = ANY (ARRAY['working'::text, 'idle'::text, 'stopped'::text, 'failed'::text])))
);
CREATE TABLE public.studies (
    study_id integer NOT NULL,
    study_name character varying(512) NOT NULL
);
CREATE SEQUENCE public.studies_study_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.studies_study_id_seq OWNED BY public.studies.study_id;
CREATE TABLE public.study_directions (
    study_direction_id integer NOT NULL,
    direction public.studydirection NOT NULL,
    study_id integer NOT NULL,
    objective integer NOT NULL
);
CREATE SEQUENCE public.study_directions_study_direction_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.study_directions_study_direction_id_seq OWNED BY public.study_directions.study_direction_id;
CREATE TABLE public.study_system_attributes (
    study_system_attribute_id integer NOT NULL,
    study_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.study_system_attributes_study_system_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.study_system_attributes_study_system_attribute_id_seq OWNED BY public.study_system_attributes.study_system_attribute_id;
CREATE TABLE public.study_user_attributes (
    study_user_attribute_id integer NOT NULL,
    study_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.study_user_attributes_study_user_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.study_user_attributes_study_user_attribute_id_seq OWNED BY public.study_user_attributes.study_user_attribute_id;
CREATE TABLE public.trial_heartbeats (
    trial_heartbeat_id integer NOT NULL,
    trial_id integer NOT NULL,
    heartbeat timestamp without time zone NOT NULL
);
CREATE SEQUENCE public.trial_heartbeats_trial_heartbeat_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_heartbeats_trial_heartbeat_id_seq OWNED BY public.trial_heartbeats.trial_heartbeat_id;
CREATE TABLE public.trial_intermediate_values (
    trial_intermediate_value_id integer NOT NULL,
    trial_id integer NOT NULL,
    step integer NOT NULL,
    intermediate_value double precision,
    intermediate_value_type public.trialintermediatevaluetype NOT NULL
);
CREATE SEQUENCE public.trial_intermediate_values_trial_intermediate_value_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_intermediate_values_trial_intermediate_value_id_seq OWNED BY public.trial_intermediate_values.trial_intermediate_value_id;
CREATE TABLE public.trial_params (
    param_id integer NOT NULL,
    trial_id integer,
    param_name character varying(512),
    param_value double precision,
    distribution_json text
);
CREATE SEQUENCE public.trial_params_param_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_params_param_id_seq OWNED BY public.trial_params.param_id;
CREATE TABLE public.trial_system_attributes (
    trial_system_attribute_id integer NOT NULL,
    trial_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.trial_system_attributes_trial_system_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_system_attributes_trial_system_attribute_id_seq OWNED BY public.trial_system_attributes.trial_system_attribute_id;
CREATE TABLE public.trial_user_attributes (
    trial_user_attribute_id integer NOT NULL,
    trial_id integer,
    key character varying(512),
    value_json text
);
CREATE SEQUENCE public.trial_user_attributes_trial_user_attribute_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_user_attributes_trial_user_attribute_id_seq OWNED BY public.trial_user_attributes.trial_user_attribute_id;
CREATE TABLE public.trial_values (
    trial_value_id integer NOT NULL,
    trial_id integer NOT NULL,
    objective integer NOT NULL,
    value double precision,
    value_type public.trialvaluetype NOT NULL
);
CREATE SEQUENCE public.trial_values_trial_value_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trial_values_trial_value_id_seq OWNED BY public.trial_values.trial_value_id;
CREATE TABLE public.trials (
    trial_id integer NOT NULL,
    number integer,
    study_id integer,
    state public.trialstate NOT NULL,
    datetime_start timestamp without time zone,
    datetime_complete timestamp without time zone
);
CREATE SEQUENCE public.trials_trial_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.trials_trial_id_seq OWNED BY public.trials.trial_id;
CREATE TABLE public.version_info (
    version_info_id integer NOT NULL,
    schema_version integer,
    library_version character varying(256),
    CONSTRAINT version_info_version_info_id_check CHECK ((version_info_id = 1))
);
ALTER TABLE ONLY public.registry_events ALTER COLUMN id SET DEFAULT nextval('public.registry_events_id_seq'::regclass);
ALTER TABLE ONLY public.registry_models ALTER COLUMN id SET DEFAULT nextval('public.registry_models_id_seq'::regclass);
ALTER TABLE ONLY public.registry_versions ALTER COLUMN id SET DEFAULT nextval('public.registry_versions_id_seq'::regclass);
ALTER TABLE ONLY public.search_slots ALTER COLUMN id SET DEFAULT nextval('public.search_slots_id_seq'::regclass);
ALTER TABLE ONLY public.search_studies ALTER COLUMN id SET DEFAULT nextval('public.search_studies_id_seq'::regclass);
ALTER TABLE ONLY public.studies ALTER COLUMN study_id SET DEFAULT nextval('public.studies_study_id_seq'::regclass);
ALTER TABLE ONLY public.study_directions ALTER COLUMN study_direction_id SET DEFAULT nextval('public.study_directions_study_direction_id_seq'::regclass);
ALTER TABLE ONLY public.study_system_attributes ALTER COLUMN study_system_attribute_id SET DEFAULT nextval('public.study_system_attributes_study_system_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.study_user_attributes ALTER COLUMN study_user_attribute_id SET DEFAULT nextval('public.study_user_attributes_study_user_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.trial_heartbeats ALTER COLUMN trial_heartbeat_id SET DEFAULT nextval('public.trial_heartbeats_trial_heartbeat_id_seq'::regclass);
ALTER TABLE ONLY public.trial_intermediate_values ALTER COLUMN trial_intermediate_value_id SET DEFAULT nextval('public.trial_intermediate_values_trial_intermediate_value_id_seq'::regclass);
ALTER TABLE ONLY public.trial_params ALTER COLUMN param_id SET DEFAULT nextval('public.trial_params_param_id_seq'::regclass);
ALTER TABLE ONLY public.trial_system_attributes ALTER COLUMN trial_system_attribute_id SET DEFAULT nextval('public.trial_system_attributes_trial_system_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.trial_user_attributes ALTER COLUMN trial_user_attribute_id SET DEFAULT nextval('public.trial_user_attributes_trial_user_attribute_id_seq'::regclass);
ALTER TABLE ONLY public.trial_values ALTER COLUMN trial_value_id SET DEFAULT nextval('public.trial_values_trial_value_id_seq'::regclass);
ALTER TABLE ONLY public.trials ALTER COLUMN trial_id SET DEFAULT nextval('public.trials_trial_id_seq'::regclass);
INSERT INTO public.alembic_version VALUES ('v3.2.0.a');
INSERT INTO public.registry_aliases VALUES (1, 'champion', 2, false, '2026-11-23 12:05:00.123456+00');
INSERT INTO public.registry_artifacts VALUES ('5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6', 14, NULL, '2026-11-23 12:01:00.123456+00');
INSERT INTO public.registry_chunks VALUES ('5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6', 0, '\x6265747465722077656967687473');
INSERT INTO public.registry_curves VALUES (1, 'val_accuracy', 3, '\x000000000000e03f000000000000e83f666666666666e63f');
INSERT INTO public.registry_curves VALUES (1, 'val_loss', 3, '\xcdccccccccccec3f000000000000f07f000000000000f87f');
INSERT INTO public.registry_curves VALUES (1, 'loss', 3, '\x000000000000f03f9a9999999999b93f0000000000000080');
INSERT INTO public.registry_curves VALUES (2, 'val_accuracy', 1, '\x9a9999999999e93f');
INSERT INTO public.registry_curves VALUES (3, 'margin', 1, '\x000000000000f87f');
INSERT INTO public.registry_events VALUES (1, 1, '2026-11-23 12:04:00.123456+00', 'ann@lab', 'alias_set', 'champion', NULL, 1, NULL);
INSERT INTO public.registry_events VALUES (2, 1, '2026-11-23 12:05:00.123456+00', 'ann@lab', 'alias_set', 'champion', 1, 2, NULL);
INSERT INTO public.registry_events VALUES (3, 1, '2026-11-23 12:06:00.123456+00', 'ann@lab', 'tag_set', 'note', NULL, 2, 'a ''quoted'' ; text');
INSERT INTO public.registry_metrics VALUES (1, 'val_accuracy', 1, 'max', 0.75, 0.75, 2, 0.7);
INSERT INTO public.registry_metrics VALUES (1, 'val_loss', 1, 'min', 'Infinity', 0.9, 1, NULL);
INSERT INTO public.registry_metrics VALUES (1, 'loss', 1, 'min', 0.1, -0, 3, -0);
INSERT INTO public.registry_metrics VALUES (2, 'val_accuracy', 1, 'max', 0.8, 0.8, 1, 0.8);
INSERT INTO public.registry_metrics VALUES (3, 'margin', 1, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.registry_metrics VALUES (3, 'val_accuracy', 1, 'max', NULL, NULL, 1, NULL);
INSERT INTO public.registry_metrics VALUES (4, 'loss', 2, 'min', 0.1, 0.1, 1, 0.1);
INSERT INTO public.registry_models VALUES (1, 'toy', 'val_accuracy', 'max', 4, NULL, '2026-11-23 12:00:00.123456+00');
INSERT INTO public.registry_models VALUES (2, 'other', 'loss', 'min', 2, NULL, '2026-11-23 12:03:00.123456+00');
INSERT INTO public.registry_params VALUES (1, 'lr', 'float', 0.30000000000000004, '0.30000000000000004');
INSERT INTO public.registry_params VALUES (1, 'units', 'int', 300, '300');
INSERT INTO public.registry_params VALUES (1, 'nesterov', 'bool', 1, 'True');
INSERT INTO public.registry_params VALUES (1, 'drop', 'none', NULL, NULL);
INSERT INTO public.registry_params VALUES (1, 'act', 'text', NULL, 'reluü');
INSERT INTO public.registry_params VALUES (1, 'big', 'int', 1.1805916207174113e+21, '1180591620717411303424');
INSERT INTO public.registry_params VALUES (2, 'units', 'int', 7, '7');
INSERT INTO public.registry_schema VALUES ('0001');
INSERT INTO public.registry_tags VALUES (1, 'team', 'vision');
INSERT INTO public.registry_tags VALUES (2, 'note', 'a ''quoted'' ; text');
INSERT INTO public.registry_versions VALUES (2, 1, 2, 'ready', 0.8, 'val_accuracy', 'max', 1, NULL, NULL, NULL, 'night', 1, NULL, NULL, NULL, NULL, '{}', '5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6', NULL, NULL, '2026-11-23 12:01:00.123456+00');
INSERT INTO public.registry_versions VALUES (1, 1, 1, 'displaced', 0.75, 'val_accuracy', 'max', 2, 'early_stopping', 12.5, 266610, 'night', 0, 1099511627776, 'search.toy:toy', 'sha256:12', 'abc', '{"keras": "3.15.1"}', NULL, NULL, NULL, '2026-11-23 12:00:00.123456+00');
INSERT INTO public.registry_versions VALUES (3, 1, 3, 'ready', NULL, 'val_accuracy', 'max', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, '2026-11-23 12:02:00.123456+00');
INSERT INTO public.registry_versions VALUES (4, 2, 1, 'ready', 0.1, 'loss', 'min', 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '5b49107ea448e60f26f101fd8bd8faedffbe5ba29796836596e0489855c604b6', NULL, NULL, '2026-11-23 12:03:00.123456+00');
INSERT INTO public.search_checkpoints VALUES (1, 3, '12', '\x00ff');
INSERT INTO public.search_results VALUES (2, '{"loss": [1.5, null]}', NULL, NULL);
INSERT INTO public.search_schema VALUES ('0001');
INSERT INTO public.search_slots VALUES (1, 1, 0, 'running', 1, 'w1', 9.5, 0, '{"units": 3}', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.search_slots VALUES (2, 1, 1, 'finished', 1, NULL, NULL, 1, NULL, 0, 0.5, 1, 'pruned', NULL, NULL, NULL, NULL);
INSERT INTO public.search_studies VALUES (1, 'night', 'search.toy:toy', 'toy', 'val_accuracy', 'max', '{"sampler": "tpe", "pruner": "hyperband", "max_epochs": 10, "patience": 5, "prune_patience": 1, "top_k": 5, "seed": 3, "trial_seconds": null, "checkpoint_seconds": 10.0, "mixed_precision": false}', '{"hyperparameters": [{"name": "learning_rate", "conditions": [], "min_value": 0.001, "max_value": 1.0, "step": null, "sampling": "log", "class": "Float"}, {"name": "units", "conditions": [], "min_value": 2, "max_value": 16, "step": 1, "sampling": "linear", "class": "Int"}, {"name": "activation", "conditions": [], "values": ["relu", "tanh"], "ordered": false, "class": "Choice"}], "ambiguous": [], "defaults": {"learning_rate": 0.1}}', '4a2b6c7763dbe788', 'e85ef21e58f8054a', false, NULL, 1795477850.05569);
INSERT INTO public.search_workers VALUES ('w1', 1, 'h', 7, 'cpu', 'working', 1.5, 2.5);
INSERT INTO public.studies VALUES (1, 'night');
INSERT INTO public.study_directions VALUES (1, 'MAXIMIZE', 1, 0);
INSERT INTO public.version_info VALUES (1, 12, '5.0.0');
SELECT pg_catalog.setval('public.registry_events_id_seq', 3, true);
SELECT pg_catalog.setval('public.registry_models_id_seq', 2, true);
SELECT pg_catalog.setval('public.registry_versions_id_seq', 4, true);
SELECT pg_catalog.setval('public.search_slots_id_seq', 2, true);
SELECT pg_catalog.setval('public.search_studies_id_seq', 1, true);
SELECT pg_catalog.setval('public.studies_study_id_seq', 1, true);
SELECT pg_catalog.setval('public.study_directions_study_direction_id_seq', 1, true);
SELECT pg_catalog.setval('public.study_system_attributes_study_system_attribute_id_seq', 1, false);
SELECT pg_catalog.setval('public.study_user_attributes_study_user_attribute_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_heartbeats_trial_heartbeat_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_intermediate_values_trial_intermediate_value_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_params_param_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_system_attributes_trial_system_attribute_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_user_attributes_trial_user_attribute_id_seq', 1, false);
SELECT pg_catalog.setval('public.trial_values_trial_value_id_seq', 1, false);
SELECT pg_catalog.setval('public.trials_trial_id_seq', 1, false);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.registry_aliases
    ADD CONSTRAINT pk_registry_aliases PRIMARY KEY (model_id, name);
ALTER TABLE ONLY public.registry_artifacts
    ADD CONSTRAINT pk_registry_artifacts PRIMARY KEY (sha256);
ALTER TABLE ONLY public.registry_chunks
    ADD CONSTRAINT pk_registry_chunks PRIMARY KEY (sha256, number);
ALTER TABLE ONLY public.registry_curves
    ADD CONSTRAINT pk_registry_curves PRIMARY KEY (version_id, metric);
ALTER TABLE ONLY public.registry_events
    ADD CONSTRAINT pk_registry_events PRIMARY KEY (id);
ALTER TABLE ONLY public.registry_metrics
    ADD CONSTRAINT pk_registry_metrics PRIMARY KEY (version_id, name);
ALTER TABLE ONLY public.registry_models
    ADD CONSTRAINT pk_registry_models PRIMARY KEY (id);
ALTER TABLE ONLY public.registry_params
    ADD CONSTRAINT pk_registry_params PRIMARY KEY (version_id, name);
ALTER TABLE ONLY public.registry_tags
    ADD CONSTRAINT pk_registry_tags PRIMARY KEY (version_id, name);
ALTER TABLE ONLY public.registry_versions
    ADD CONSTRAINT pk_registry_versions PRIMARY KEY (id);
ALTER TABLE ONLY public.registry_schema
    ADD CONSTRAINT registry_schema_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.search_checkpoints
    ADD CONSTRAINT search_checkpoints_pkey PRIMARY KEY (slot_id);
ALTER TABLE ONLY public.search_results
    ADD CONSTRAINT search_results_pkey PRIMARY KEY (slot_id);
ALTER TABLE ONLY public.search_schema
    ADD CONSTRAINT search_schema_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.search_slots
    ADD CONSTRAINT search_slots_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.search_studies
    ADD CONSTRAINT search_studies_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.search_workers
    ADD CONSTRAINT search_workers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.studies
    ADD CONSTRAINT studies_pkey PRIMARY KEY (study_id);
ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_pkey PRIMARY KEY (study_direction_id);
ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_study_id_objective_key UNIQUE (study_id, objective);
ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_pkey PRIMARY KEY (study_system_attribute_id);
ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_study_id_key_key UNIQUE (study_id, key);
ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_pkey PRIMARY KEY (study_user_attribute_id);
ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_study_id_key_key UNIQUE (study_id, key);
ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_pkey PRIMARY KEY (trial_heartbeat_id);
ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_trial_id_key UNIQUE (trial_id);
ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_pkey PRIMARY KEY (trial_intermediate_value_id);
ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_trial_id_step_key UNIQUE (trial_id, step);
ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_pkey PRIMARY KEY (param_id);
ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_trial_id_param_name_key UNIQUE (trial_id, param_name);
ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_pkey PRIMARY KEY (trial_system_attribute_id);
ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_trial_id_key_key UNIQUE (trial_id, key);
ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_pkey PRIMARY KEY (trial_user_attribute_id);
ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_trial_id_key_key UNIQUE (trial_id, key);
ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_pkey PRIMARY KEY (trial_value_id);
ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_trial_id_objective_key UNIQUE (trial_id, objective);
ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_pkey PRIMARY KEY (trial_id);
ALTER TABLE ONLY public.registry_models
    ADD CONSTRAINT uq_registry_models_name UNIQUE (name);
ALTER TABLE ONLY public.registry_versions
    ADD CONSTRAINT uq_registry_versions_model_id_number UNIQUE (model_id, number);
ALTER TABLE ONLY public.registry_versions
    ADD CONSTRAINT uq_registry_versions_model_id_study_trial UNIQUE (model_id, study, trial);
ALTER TABLE ONLY public.search_slots
    ADD CONSTRAINT uq_search_slots_study_id_number UNIQUE (study_id, number);
ALTER TABLE ONLY public.search_slots
    ADD CONSTRAINT uq_search_slots_study_id_trial UNIQUE (study_id, trial);
ALTER TABLE ONLY public.search_studies
    ADD CONSTRAINT uq_search_studies_name UNIQUE (name);
ALTER TABLE ONLY public.version_info
    ADD CONSTRAINT version_info_pkey PRIMARY KEY (version_info_id);
CREATE INDEX ix_registry_aliases_version_id ON public.registry_aliases USING btree (version_id);
CREATE INDEX ix_registry_events_model_id_at ON public.registry_events USING btree (model_id, at);
CREATE INDEX ix_registry_metrics_model_id ON public.registry_metrics USING btree (model_id);
CREATE INDEX ix_registry_metrics_name_model_id_value_version_id ON public.registry_metrics USING btree (name, model_id, value, version_id);
CREATE INDEX ix_registry_params_name_number ON public.registry_params USING btree (name, number);
CREATE INDEX ix_registry_tags_name_value ON public.registry_tags USING btree (name, value);
CREATE INDEX ix_registry_versions_created_at ON public.registry_versions USING btree (created_at);
CREATE INDEX ix_registry_versions_model_id_study_score ON public.registry_versions USING btree (model_id, study, score);
CREATE INDEX ix_registry_versions_prediction_check ON public.registry_versions USING btree (prediction_check);
CREATE INDEX ix_registry_versions_weights ON public.registry_versions USING btree (weights);
CREATE INDEX ix_search_slots_study_id_state_number ON public.search_slots USING btree (study_id, state, number);
CREATE INDEX ix_search_workers_study_id_state ON public.search_workers USING btree (study_id, state);
CREATE UNIQUE INDEX ix_studies_study_name ON public.studies USING btree (study_name);
CREATE INDEX ix_trials_study_id ON public.trials USING btree (study_id);
ALTER TABLE ONLY public.registry_aliases
    ADD CONSTRAINT fk_registry_aliases_model_id FOREIGN KEY (model_id) REFERENCES public.registry_models(id);
ALTER TABLE ONLY public.registry_aliases
    ADD CONSTRAINT fk_registry_aliases_version_id FOREIGN KEY (version_id) REFERENCES public.registry_versions(id);
ALTER TABLE ONLY public.registry_chunks
    ADD CONSTRAINT fk_registry_chunks_sha256 FOREIGN KEY (sha256) REFERENCES public.registry_artifacts(sha256) ON DELETE CASCADE;
ALTER TABLE ONLY public.registry_curves
    ADD CONSTRAINT fk_registry_curves_version_id FOREIGN KEY (version_id) REFERENCES public.registry_versions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.registry_events
    ADD CONSTRAINT fk_registry_events_model_id FOREIGN KEY (model_id) REFERENCES public.registry_models(id);
ALTER TABLE ONLY public.registry_metrics
    ADD CONSTRAINT fk_registry_metrics_model_id FOREIGN KEY (model_id) REFERENCES public.registry_models(id);
ALTER TABLE ONLY public.registry_metrics
    ADD CONSTRAINT fk_registry_metrics_version_id FOREIGN KEY (version_id) REFERENCES public.registry_versions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.registry_params
    ADD CONSTRAINT fk_registry_params_version_id FOREIGN KEY (version_id) REFERENCES public.registry_versions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.registry_tags
    ADD CONSTRAINT fk_registry_tags_version_id FOREIGN KEY (version_id) REFERENCES public.registry_versions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.registry_versions
    ADD CONSTRAINT fk_registry_versions_model_id FOREIGN KEY (model_id) REFERENCES public.registry_models(id);
ALTER TABLE ONLY public.registry_versions
    ADD CONSTRAINT fk_registry_versions_prediction_check FOREIGN KEY (prediction_check) REFERENCES public.registry_artifacts(sha256);
ALTER TABLE ONLY public.registry_versions
    ADD CONSTRAINT fk_registry_versions_weights FOREIGN KEY (weights) REFERENCES public.registry_artifacts(sha256);
ALTER TABLE ONLY public.search_checkpoints
    ADD CONSTRAINT fk_search_checkpoints_slot_id FOREIGN KEY (slot_id) REFERENCES public.search_slots(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.search_results
    ADD CONSTRAINT fk_search_results_slot_id FOREIGN KEY (slot_id) REFERENCES public.search_slots(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.search_slots
    ADD CONSTRAINT fk_search_slots_study_id FOREIGN KEY (study_id) REFERENCES public.search_studies(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.search_slots
    ADD CONSTRAINT fk_search_slots_worker_id FOREIGN KEY (worker_id) REFERENCES public.search_workers(id);
ALTER TABLE ONLY public.search_workers
    ADD CONSTRAINT fk_search_workers_study_id FOREIGN KEY (study_id) REFERENCES public.search_studies(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.study_directions
    ADD CONSTRAINT study_directions_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
ALTER TABLE ONLY public.study_system_attributes
    ADD CONSTRAINT study_system_attributes_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
ALTER TABLE ONLY public.study_user_attributes
    ADD CONSTRAINT study_user_attributes_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
ALTER TABLE ONLY public.trial_heartbeats
    ADD CONSTRAINT trial_heartbeats_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_intermediate_values
    ADD CONSTRAINT trial_intermediate_values_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_params
    ADD CONSTRAINT trial_params_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_system_attributes
    ADD CONSTRAINT trial_system_attributes_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_user_attributes
    ADD CONSTRAINT trial_user_attributes_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trial_values
    ADD CONSTRAINT trial_values_trial_id_fkey FOREIGN KEY (trial_id) REFERENCES public.trials(trial_id);
ALTER TABLE ONLY public.trials
    ADD CONSTRAINT trials_study_id_fkey FOREIGN KEY (study_id) REFERENCES public.studies(study_id);
