-- Making room by one account per storage; no second copies any more.

-- A file of a clip besides the one its row names.
--   copying: being written at (root_id, path or part); worthless until it is finished
--   leaving: the clip lives elsewhere now; this file goes
-- Without a clip: the clip was deleted, and this file goes.
create table moving (
  id integer primary key,
  clip_id integer references clip (id) on delete cascade,
  root_id integer not null references root (id),
  path text not null,
  part text,
  state text not null check (state in ('copying', 'leaving')),
  made_ms integer not null,
  unique (root_id, path)
) strict;
insert into moving select * from transfer where state <> 'copy';
drop table transfer;
alter table moving rename to transfer;
create index transfer_by_clip on transfer (clip_id);

-- What was to be copied stays where it is: nobody said that it may be moved.
update camera set retention = json_set(retention, '$.move_after_days', null,
  '$.move_to_root', null) where json_extract(retention, '$.is_copy') = 1;
update camera set retention = json_remove(retention, '$.is_copy'),
  applied_retention = json_remove(applied_retention, '$.is_copy');

-- The oldest of a root, what waits to go, and how much that is: each by one look.
create index clip_by_root on clip (root_id, start_ms, id)
  where state = 'complete' and is_protected = 0;
create index clip_unsettled_by_root on clip (state, root_id) where state <> 'complete';
drop index clip_by_creation;
create index clip_by_creation on clip (camera_id, created_ms, root_id, size_bytes)
  where state = 'complete';
create index clip_condemned on clip (root_id, size_bytes)
  where state in ('trashed', 'deleting');

-- What was deleted on a root other than by ageing, by the hours (since 1970) in which it
-- was deleted and in which it had been kept: the budget of a day (`account.py`).
create table spent (
  root_id integer not null references root (id) on delete cascade,
  hour integer not null,
  kept_hour integer not null,
  bytes integer not null,
  primary key (root_id, hour, kept_hour)
) strict, without rowid;
