-- Facts that a mall keeps without doing anything are few: those in quarantine, and those of a kind or
-- version that it does not know. A newer mall finds the latter by this.
create index event_inbox_kept on event_inbox (kind, v) where state = 'kept';
