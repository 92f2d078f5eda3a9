-- The index of the library. Times (…_ms) are UTC milliseconds since 1970 unless the
-- name says "device"; sizes are bytes; JSON columns say so. Amounts per camera
-- (camera, coverage_total, camera_day) change in the transaction of what they count.

-- Facts about the index itself: its id, when upkeep last ran.
create table meta (
  key text primary key,
  value text not null
) strict, without rowid;

-- A storage root. Footage lies below path || '/vtrack_nvr'.
create table root (
  id integer primary key,
  uuid text not null unique,          -- what its marker file says
  is_marked integer not null default 0 check (is_marked in (0, 1)),
  path text not null,
  name text not null default '',
  floor_bytes integer not null default 0 check (floor_bytes >= 0),
  applied_floor_bytes integer not null default 0, -- the one the last run obeyed
  position integer not null default 0, -- the lowest is where new footage goes
  is_current integer not null default 1 check (is_current in (0, 1)),
  added_ms integer not null
) strict;

-- Sums of the complete clips on each root.
create table root_total (
  root_id integer primary key references root (id) on delete cascade,
  clips integer not null,
  bytes integer not null
) strict;

create table nvr (
  id integer primary key,
  key text not null unique,
  name text not null,
  folder text not null unique,        -- never changes
  is_former integer not null default 0 check (is_former in (0, 1)),
  policy text not null default '{}'   -- JSON of DevicePolicy
) strict;

-- A stretch of device time without a jump: utc = device + offset.
create table era (
  id integer primary key,
  nvr_id integer not null references nvr (id),
  device_start_ms integer not null,
  offset_ms integer not null,
  is_uncertain integer not null default 0 check (is_uncertain in (0, 1))
) strict;
create index era_by_nvr on era (nvr_id, id);

create table camera (
  id integer primary key,
  nvr_id integer not null references nvr (id),
  key text not null unique,
  name text not null,
  folder text not null,               -- never changes
  is_former integer not null default 0 check (is_former in (0, 1)),
  root_id integer references root (id), -- null: the first root
  zone text not null,                 -- the time zone camera_day counts in
  retention text not null default '{}', -- JSON of Retention
  applied_retention text not null default '{}', -- the one the last run obeyed
  retained_ms integer,                -- when retention last ran
  high_water_ms integer,
  device_oldest_ms integer,
  device_newest_ms integer,
  device_since_ms integer,            -- start of what the device held without a break
  clips integer not null default 0 check (clips >= 0),
  bytes integer not null default 0 check (bytes >= 0),
  kept_ms integer not null default 0 check (kept_ms >= 0),
  longest_ms integer not null default 0,      -- longest clip ever: bounds overlap queries
  longest_mark_ms integer not null default 0,
  unique (nvr_id, folder)
) strict;

-- A file of ours, from before its first byte to after its last.
create table clip (
  id integer primary key,
  camera_id integer not null references camera (id),
  root_id integer not null references root (id),
  state text not null
    check (state in ('fetching', 'complete', 'trashed', 'deleting', 'missing')),
  path text not null,                 -- below the root's folder, with /
  part text,                          -- the unfinished file, while fetching
  start_ms integer not null,
  end_ms integer not null check (end_ms >= start_ms),
  last_frame_ms integer not null,
  device_start_ms integer not null,
  era_id integer not null,
  size_bytes integer not null default 0 check (size_bytes >= 0),
  sha256 text not null default '',
  video_codec text not null default 'unknown',
  audio_codec text,
  width integer not null default 0,
  height integer not null default 0,
  frames integer not null default 0,
  audio_frames integer not null default 0,
  holes integer not null default 0,
  gaps text not null default '[]',    -- JSON [[start_ms, end_ms], ...]
  source text not null check (source in ('replay', 'live', 'backfill')),
  time_source text not null default 'capture',
  is_protected integer not null default 0 check (is_protected in (0, 1)),
  note text not null default '',
  created_ms integer not null,
  state_ms integer not null,          -- when it came into its state
  cause text,                         -- why it is trashed or deleting
  unique (root_id, path)
) strict;
create index clip_by_camera on clip (camera_id, start_ms, id) where state = 'complete';
create index clip_by_start on clip (start_ms, id) where state = 'complete';
create index clip_protected on clip (start_ms, id)
  where is_protected = 1 and state = 'complete';
create index clip_unsettled on clip (state, state_ms) where state <> 'complete';
create index clip_by_creation on clip (camera_id, created_ms) where state = 'complete';

-- What is known of a camera's time line where nothing is kept; spans do not overlap.
create table coverage (
  camera_id integer not null references camera (id),
  start_ms integer not null,
  end_ms integer not null check (end_ms > start_ms),
  state text not null check (state in ('on_device', 'fetching', 'failed', 'absent',
    'lost', 'missing', 'removed', 'not_wanted')),
  reason text not null default '',
  next_try_ms integer,
  attempts integer not null default 0,
  run_id integer,                     -- the run that caused it
  changed_ms integer not null,
  primary key (camera_id, start_ms)
) strict, without rowid;
create index coverage_by_state on coverage (state, camera_id, start_ms);

create table coverage_total (
  camera_id integer not null references camera (id),
  state text not null,
  ms integer not null check (ms >= 0),
  primary key (camera_id, state)
) strict, without rowid;

-- Sums per local day (of camera.zone) of the clips that begin on it.
create table camera_day (
  camera_id integer not null references camera (id),
  day integer not null,               -- days since 1970-01-01
  clips integer not null check (clips >= 0),
  bytes integer not null,
  kept_ms integer not null,
  protected integer not null default 0,
  primary key (camera_id, day)
) strict, without rowid;

-- Events on the time line; an event still going on ends where it starts.
create table mark (
  camera_id integer not null references camera (id),
  start_ms integer not null,
  end_ms integer not null check (end_ms >= start_ms),
  class text not null,
  source text not null default '',
  primary key (camera_id, start_ms, class, source)
) strict, without rowid;
create index mark_by_class on mark (class, start_ms);

-- Requests by a person or an automation.
create table want (
  id integer primary key,
  camera_id integer not null references camera (id),
  start_ms integer not null,
  end_ms integer not null check (end_ms >= start_ms),
  made_ms integer not null,
  note text not null default '',
  removed text not null default '[]', -- JSON of stretches that were "removed" before
  closed_ms integer,
  outcome text
) strict;
create index want_open on want (id) where closed_ms is null;

-- The history of sync runs.
create table run (
  id integer primary key,
  nvr_id integer not null references nvr (id),
  kind text not null,
  started_ms integer not null,
  ended_ms integer,
  clips integer not null default 0,
  bytes integer not null default 0,
  seconds real not null default 0,
  errors integer not null default 0,
  detail text not null default ''
) strict;
create index run_by_nvr on run (nvr_id, id);

-- Lines that the journals on the roots do not have yet.
create table outbox (
  id integer primary key,
  camera_id integer not null references camera (id),
  root_id integer not null references root (id),
  line text not null                  -- JSON
) strict;

-- Up to which line we know the journal of a camera on a root.
create table journal (
  camera_id integer not null references camera (id),
  root_id integer not null references root (id),
  sequence integer not null default 0,
  bytes integer not null default 0,
  primary key (camera_id, root_id)
) strict, without rowid;

create table thumbnail (
  clip_id integer not null,
  variant text not null,
  path text not null,
  size_bytes integer not null,
  used_ms integer not null,
  primary key (clip_id, variant)
) strict, without rowid;
create index thumbnail_by_use on thumbnail (used_ms);

create table export (
  id integer primary key,
  cameras text not null,              -- JSON of camera keys
  start_ms integer not null,
  end_ms integer not null,
  state text not null check (state in ('waiting', 'running', 'ready', 'failed')),
  path text not null,                 -- below the exports folder
  made_ms integer not null,
  expires_ms integer not null,
  size_bytes integer not null default 0,
  progress real not null default 0,
  detail text not null default '',
  options text not null default '{}'  -- JSON
) strict;
