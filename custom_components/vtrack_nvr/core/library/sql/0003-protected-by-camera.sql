-- The protected clips of one camera are found without looking at all its clips.

create index clip_protected_by_camera on clip (camera_id, start_ms, id)
  where is_protected = 1 and state = 'complete';
