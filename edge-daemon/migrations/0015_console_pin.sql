-- A session of the console is good for the PIN that it was begun with. Sessions of before fit none, so
-- whoever is signed in signs in once more.
alter table console_session add column pin text not null default '';
