-- Clips on their way to another root, and second copies of clips.

-- A file of a clip besides the one its row names.
--   copying: being written at (root_id, path or part); worthless until it is finished
--   copy:    a verified second copy
--   leaving: the clip lives elsewhere now; this file goes
create table transfer (
  id integer primary key,
  clip_id integer not null references clip (id) on delete cascade,
  root_id integer not null references root (id),
  path text not null,
  part text,
  state text not null check (state in ('copying', 'copy', 'leaving')),
  made_ms integer not null,
  unique (root_id, path)
) strict;
create index transfer_by_clip on transfer (clip_id);
create index transfer_unsettled on transfer (state) where state <> 'copy';
