-- Time stamps (RFC 3161) of heads of the chain, by authorities that do not depend on us: what was kept by then.
create table time_stamps (
  number integer not null references manifests (number),  -- The head that is stamped, by its number in the chain.
  authority text not null,  -- Address of the authority that was asked.
  stamped_at text not null,  -- When it was stamped, as the authority says.
  signer text not null,  -- Whose certificate it is signed by, as that says.
  response blob not null,  -- The authority's answer, byte for byte (TimeStampResp, DER).
  sha256 text not null,  -- SHA-256 of these bytes, in hex.
  certificates text not null,
    -- The certificates that it is checked by, PEM; the last is the one that has to be trusted.
  primary key (number, authority)
) strict, without rowid;
