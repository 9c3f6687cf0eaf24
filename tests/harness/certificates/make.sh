#!/bin/sh
# Makes the certificates of this folder again. Needs openssl; the tests do not.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"; }

key authority
openssl req -x509 -new -key "$work/authority.key" -days 36500 -subj "/CN=registerwatch tests" \
  -addext "keyUsage=critical,keyCertSign,cRLSign" -out authority.pem

key self-signed
openssl req -x509 -new -key "$work/self-signed.key" -days 36500 -subj "/CN=localhost" \
  -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -out "$work/self-signed.crt"
cat "$work/self-signed.key" "$work/self-signed.crt" > self-signed.pem

cat > "$work/ca.cnf" <<EOF
[ca]
default_ca = tests
[tests]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
x509_extensions = signed
[signed]
# From Python 3.13 on a certificate is read as strictly as the standard has it.
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
[any]
commonName = supplied
EOF
: > "$work/index.txt"

# name, alternative names, start, end
sign() {
  key "$1"
  openssl req -new -key "$work/$1.key" -subj "/CN=$1" -addext "subjectAltName=$2" -out "$work/$1.csr"
  openssl ca -batch -notext -config "$work/ca.cnf" -cert authority.pem -keyfile "$work/authority.key" \
    -startdate "$3" -enddate "$4" -in "$work/$1.csr" -out "$work/$1.crt" 2>/dev/null
  cat "$work/$1.key" "$work/$1.crt" > "$1.pem"
}
sign valid DNS:localhost,IP:127.0.0.1 20200101000000Z 21260101000000Z
sign expired DNS:localhost,IP:127.0.0.1 20200101000000Z 20210101000000Z
sign other-name DNS:other.invalid 20200101000000Z 21260101000000Z
