-- What the device's clock read when an era's offset was measured last: between that and the
-- next era it is not known which of the two clocks footage was dated by. Null: not known.
alter table era add column device_seen_ms integer;
