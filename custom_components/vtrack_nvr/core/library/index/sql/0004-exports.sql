-- Exports lie on a storage root (null: beside the index, as before), and belong to somebody.
alter table export add column root_id integer;
alter table export add column user_id text not null default '';
alter table export add column reserved_bytes integer not null default 0;
