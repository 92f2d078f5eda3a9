-- The few clips of one camera that are protected, or missing, are found without looking at
-- all its clips, or at those of all cameras.

create index clip_protected_by_camera on clip (camera_id, start_ms, id)
  where is_protected = 1 and state = 'complete';
create index clip_missing on clip (camera_id, id) where state = 'missing';
