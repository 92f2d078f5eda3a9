-- Why a clip is kept although something is wrong with it; '' where nothing is.

alter table clip add column problem text not null default '';
