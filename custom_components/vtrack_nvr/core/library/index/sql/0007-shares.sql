-- Links that show one thing without a login until they expire. The index has no token, only
-- what tells it again. An id is never given twice: whoever revokes one must not meet another.
create table share (
  id integer primary key autoincrement,
  token_hash text not null unique,
  kind text not null check (kind in ('clip', 'picture', 'export', 'range')),
  item_id integer,
  cameras text not null,
  start_ms integer not null,
  end_ms integer not null,
  user_id text not null,
  made_ms integer not null,
  expires_ms integer not null
) strict;
create index share_by_user on share (user_id, expires_ms);
