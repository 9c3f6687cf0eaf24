-- Those who follow by e-mail. This file is no part of the history: it is not served, exported, or copied with it.
create table if not exists people (
  id text primary key,  -- Says nothing of who it is; deliveries in the history name it.
  address text not null,  -- Where letters go to.
  hash text not null unique,  -- Of the address, keyed: how somebody is found who types it again.
  created_at text not null,  -- When it was first typed.
  last_sent_at text,  -- When something was last sent.
  stopped_at text,  -- When the last follow was stopped; null while there is one.
  suspended_at text,  -- When nothing more was sent because letters came back; null while they do not.
  suspended_why text check (suspended_why in ('hard', 'soft', 'complaint'))
) strict;
create index if not exists people_by_stop on people (stopped_at);

-- What was asked for in a form: it begins when it is confirmed, and is erased after seven days.
create table if not exists asked (
  id text primary key,
  person text not null references people (id) on delete cascade,
  what text not null,  -- A page of ours, as it stands in its address.
  asks text not null,  -- The changes that it stands for, as the words of an address.
  said text not null,  -- What it is called.
  own_words integer not null,  -- 1 where words of whoever asked stand in what it is called: no mail repeats them.
  frequency text not null check (frequency in ('run', 'daily', 'weekly')),
  asked_at text not null,
  confirmed_at text,  -- When the button behind the letter's link was pressed.
  letter text not null default 'due' check (letter in ('due', 'attempted', 'sent', 'given up')),
  attempts integer not null default 0,
  next_attempt_at text  -- Before when the letter is not tried again.
) strict;
create index if not exists asked_by_letter on asked (letter, next_attempt_at);
create index if not exists asked_by_person on asked (person);

-- What is followed: confirmed by whoever reads the letters that go to the address.
create table if not exists follows (
  id text primary key,  -- Deliveries in the history name it.
  person text not null references people (id) on delete cascade,
  what text not null,
  asks text not null,
  said text not null,
  frequency text not null check (frequency in ('run', 'daily', 'weekly')),
  asked_at text not null,  -- When the form was sent.
  confirmed_at text not null,  -- When it was confirmed.
  unique (person, what)
) strict;

-- Letters that asked for a confirmation, counted for a day: by keyed hash of the address and of the network.
create table if not exists letters (
  sort text not null check (sort in ('address', 'network')),
  hash text not null,
  at text not null
) strict;
create index if not exists letters_by_hash on letters (sort, hash, at);
create index if not exists letters_by_time on letters (sort, at);

-- Letters that came back, each once.
create table if not exists returned (
  person text not null references people (id) on delete cascade,
  message text not null,  -- Of which message.
  sort text not null check (sort in ('hard', 'soft', 'complaint')),
  at text not null,
  primary key (person, message)
) strict, without rowid;

-- Addresses that were erased, as keyed hashes: nobody is put here again by mistake.
create table if not exists gone (
  hash text primary key,
  why text not null check (why in ('stopped', 'erased', 'returned', 'complaint')),
  at text not null
) strict, without rowid;
